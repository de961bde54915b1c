"""Leaves the loop, and its consumer behind.

Step: 4
Why: `break` ends the loop, not the consumer: it keeps what it has fetched, and takes the next jobs too.
"""


def work(channel, queue, handle, *, prefetch=1, limit=None, idle_timeout=1.0):
    settled = Counter()
    channel.basic_qos(prefetch_count=prefetch)
    for delivery, _, body in channel.consume(queue, inactivity_timeout=idle_timeout):
        if delivery is None:
            break
        settled[_settle(channel, delivery, body, handle)] += 1
        if settled.total() == limit:
            break
    return WorkReport(settled["done"], settled["requeued"], settled["rejected"])
