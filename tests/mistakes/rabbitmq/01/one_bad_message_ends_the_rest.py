"""Drops everything that came with a bad message.

Step: 5
Why: rejecting with multiple=True, or without looking at the tag, settles messages that nobody has looked at yet.
"""


def pack_orders(channel, queue, handle, limit, idle_timeout):
    fetched = []
    while len(fetched) < limit:
        delivery, _, body = channel.basic_get(queue)
        if delivery is None:
            break
        fetched.append((delivery.delivery_tag, body))
    try:
        for tag, body in fetched:
            _settle(channel, tag, body, handle)
    except BadOrder:
        channel.basic_nack(0, multiple=True, requeue=False)
        raise
    return len(fetched)
