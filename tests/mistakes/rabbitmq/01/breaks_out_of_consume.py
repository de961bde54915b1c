"""Leaves the loop and nothing else.

Step: 5
Why: `break` ends the loop, not the consumer: it stays subscribed, keeps what it has fetched, and takes the next
orders too.
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
    return handled
