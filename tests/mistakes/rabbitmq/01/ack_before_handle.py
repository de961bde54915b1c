"""Acks before the work is done.

Step: 4
Why: a crash or an error between the ack and the end of the work loses the order; the broker has already forgotten it.
"""


def _settle(channel, tag, body, handle):
    try:
        order = _parse(body)
    except BadOrder:
        channel.basic_reject(tag, requeue=False)
        raise
    channel.basic_ack(tag)
    handle(order)
