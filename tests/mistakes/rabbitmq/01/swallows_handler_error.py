"""Keeps the handler's error to itself.

Step: 4
Why: the order goes back to the queue, but nobody learns that packing failed, or why; the caller takes the same order
at once, and again.
"""


def _settle(channel, tag, body, handle):
    try:
        order = _parse(body)
    except BadOrder:
        channel.basic_reject(tag, requeue=False)
        raise
    try:
        handle(order)
    except Exception:
        channel.basic_nack(tag, requeue=True)
    else:
        channel.basic_ack(tag)
