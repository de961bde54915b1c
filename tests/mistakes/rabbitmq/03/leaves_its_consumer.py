"""Leaves the loop, and its consumer behind.

Step: 4
Why: `break` ends the loop, not the consumer: it keeps what it has fetched, and takes the next jobs too.
"""


def work(channel, queue, handle, *, prefetch=1, limit=None, idle_timeout=1.0):
    settled = Counter()
    channel.basic_qos(prefetch_count=prefetch)
    got = []
    channel.basic_consume(queue, lambda _channel, delivery, _properties, body: got.append((delivery, body)))
    while limit is None or settled.total() < limit:
        end = time.monotonic() + idle_timeout
        while not got and time.monotonic() < end:
            channel.connection.process_data_events(time_limit=max(0, end - time.monotonic()))
        if not got:
            break
        settled[_settle(channel, *got.pop(0), handle)] += 1
    return WorkReport(settled["done"], settled["requeued"], settled["rejected"])
