"""Gives a failing job back each time.

Step: 3
Why: a classic queue does not count deliveries: a job that always fails goes round and round, as fast as the worker
can, and holds up all others.
"""


def _settle(channel, delivery, job, handle):
    try:
        handle(job)
    except Reject:
        requeue = False
    except Exception:
        requeue = True
    else:
        channel.basic_ack(delivery.delivery_tag)
        return "done"
    channel.basic_reject(delivery.delivery_tag, requeue=requeue)
    return "requeued" if requeue else "rejected"
