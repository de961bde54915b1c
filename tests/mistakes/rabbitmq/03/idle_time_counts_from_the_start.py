"""Counts the idle time from the start.

Step: 4
Why: idle_timeout is the time without a new job. Counted from the start it ends the work while jobs are waiting.
"""


def work(channel, queue, handle, *, prefetch=1, limit=None, idle_timeout=1.0):
    settled = Counter()
    end = time.monotonic() + idle_timeout
    with _fetching(channel, prefetch):
        for delivery, _, body in channel.consume(queue, inactivity_timeout=0.05):
            if delivery is not None:
                settled[_settle(channel, delivery, body, handle)] += 1
            if time.monotonic() > end or settled.total() == limit:
                break
    return WorkReport(settled["done"], settled["requeued"], settled["rejected"])
