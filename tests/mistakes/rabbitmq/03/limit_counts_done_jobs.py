"""Counts only the jobs that are done towards the limit.

Step: 4
Why: the limit says how many deliveries a worker settles; when most jobs fail, counting only the good ones never ends.
"""


def work(channel, queue, handle, *, prefetch=1, limit=None, idle_timeout=1.0):
    settled = Counter()
    with _fetching(channel, prefetch):
        for delivery, _, body in channel.consume(queue, inactivity_timeout=idle_timeout):
            if delivery is None:
                break
            settled[_settle(channel, delivery, body, handle)] += 1
            if settled["done"] == limit:
                break
    return WorkReport(settled["done"], settled["requeued"], settled["rejected"])
