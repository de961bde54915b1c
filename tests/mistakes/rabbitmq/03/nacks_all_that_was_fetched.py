"""Gives back all there is with each failing job.

Step: 3
Why: basic_nack() without a tag and with multiple=True settles everything that the channel holds; the jobs that were
fetched ahead come back as redelivered, and those in hand can no more be settled.
"""


def _settle(channel, delivery, job, handle):
    try:
        handle(job)
    except Reject:
        requeue = False
    except Exception:
        requeue = not delivery.redelivered
    else:
        channel.basic_ack(delivery.delivery_tag)
        return "done"
    channel.basic_nack(multiple=True, requeue=requeue)
    return "requeued" if requeue else "rejected"
