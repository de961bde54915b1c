"""Remembers by itself which jobs have failed before.

Step: 3
Why: the second try may come to another worker, or to this one after a restart, and there the job is new once more.
The broker marks each delivery that is not the first one.
"""


def work(channel, queue, handle, *, prefetch=1, limit=None, idle_timeout=1.0):
    settled = Counter()
    failed = set()
    with _fetching(channel, prefetch):
        for delivery, _, body in islice(channel.consume(queue, inactivity_timeout=idle_timeout), limit):
            if delivery is None:
                break
            try:
                handle(body)
            except Exception as error:
                again = not isinstance(error, Reject) and body not in failed
                failed.add(body)
                channel.basic_reject(delivery.delivery_tag, requeue=again)
                settled["requeued" if again else "rejected"] += 1
            else:
                channel.basic_ack(delivery.delivery_tag)
                settled["done"] += 1
    return WorkReport(settled["done"], settled["requeued"], settled["rejected"])
