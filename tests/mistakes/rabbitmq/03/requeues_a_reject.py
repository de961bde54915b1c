"""Treats Reject like any other failure.

Step: 3
Why: Reject says that the job can never succeed, so the second try is wasted. `except Exception` first catches Reject
as well.
"""


def _settle(channel, delivery, job, handle):
    try:
        handle(job)
    except Exception:
        channel.basic_reject(delivery.delivery_tag, requeue=not delivery.redelivered)
        return "rejected" if delivery.redelivered else "requeued"
    channel.basic_ack(delivery.delivery_tag)
    return "done"
