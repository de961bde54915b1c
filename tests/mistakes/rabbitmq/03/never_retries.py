"""Sets a job aside when it fails for the first time.

Step: 3
Why: most failures pass: a full disk, a service that restarts. One more try saves most of these jobs.
"""


def _settle(channel, delivery, job, handle):
    try:
        handle(job)
    except Reject:
        requeue = False
    except Exception:
        requeue = False
    else:
        channel.basic_ack(delivery.delivery_tag)
        return "done"
    channel.basic_reject(delivery.delivery_tag, requeue=requeue)
    return "requeued" if requeue else "rejected"
