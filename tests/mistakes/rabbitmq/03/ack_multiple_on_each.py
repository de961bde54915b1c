"""Acknowledges all there is with each job.

Step: 3
Why: basic_ack() without a tag and with multiple=True settles everything that the channel holds, also the jobs that
were fetched ahead and not handled yet. With a prefetch of 1 nobody notices.
"""


def _settle(channel, delivery, job, handle):
    try:
        handle(job)
    except Reject:
        requeue = False
    except Exception:
        requeue = not delivery.redelivered
    else:
        channel.basic_ack(multiple=True)
        return "done"
    channel.basic_reject(delivery.delivery_tag, requeue=requeue)
    return "requeued" if requeue else "rejected"
