"""Looks at the body to see whether there was a message.

Step: 4
Why: a message may have an empty body. It was delivered and gets no answer, so it stays unacknowledged. For an empty
queue the method frame is None.
"""


def take_order(channel, queue, handle):
    delivery, _, body = channel.basic_get(queue)
    if not body:
        return False
    _settle(channel, delivery.delivery_tag, body, handle)
    return True
