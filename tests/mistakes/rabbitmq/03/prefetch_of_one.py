"""Sets a prefetch of 1, whatever the caller wants.

Step: 4
Why: with 1 a worker waits for the network between any two jobs; how many it is to hold is for the caller to say.
"""


def work(channel, queue, handle, *, prefetch=1, limit=None, idle_timeout=1.0):
    settled = Counter()
    channel.basic_qos(prefetch_count=1)
    try:
        for delivery, _, body in islice(channel.consume(queue, inactivity_timeout=idle_timeout), limit):
            if delivery is None:
                break
            settled[_settle(channel, delivery, body, handle)] += 1
    finally:
        channel.cancel()
    return WorkReport(settled["done"], settled["requeued"], settled["rejected"])
