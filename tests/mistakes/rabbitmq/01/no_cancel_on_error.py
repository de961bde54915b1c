"""Cleans up only when all went well.

Step: 5
Why: when the handler raises, the line with cancel() is never reached: the consumer stays, and with it all that it has
fetched. Clean up in `finally`.
"""


def pack_orders(channel, queue, handle, limit, idle_timeout):
    handled = 0
    for delivery, _, body in channel.consume(queue, inactivity_timeout=idle_timeout):
        if delivery is None:
            break
        _settle(channel, delivery.delivery_tag, body, handle)
        handled += 1
        if handled == limit:
            break
    channel.cancel()
    return handled
