"""Says nothing to the broker when the handler raises.

Step: 4
Why: an unacknowledged message stays with its channel. As long as that is open, nobody else can pack the order, and
nobody sees that it waits.
"""


def _settle(channel, tag, body, handle):
    try:
        order = _parse(body)
    except BadOrder:
        channel.basic_reject(tag, requeue=False)
        raise
    handle(order)
    channel.basic_ack(tag)
