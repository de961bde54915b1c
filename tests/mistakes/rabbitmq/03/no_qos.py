"""Sets no prefetch.

Step: 4
Why: without a prefetch the broker gives the first worker all there is; the others stand by, and a crash brings all of
it back.
"""


def work(channel, queue, handle, *, prefetch=1, limit=None, idle_timeout=1.0):
    settled = Counter()
    try:
        for delivery, _, body in islice(channel.consume(queue, inactivity_timeout=idle_timeout), limit):
            if delivery is None:
                break
            settled[_settle(channel, delivery, body, handle)] += 1
    finally:
        channel.cancel()
    return WorkReport(settled["done"], settled["requeued"], settled["rejected"])
