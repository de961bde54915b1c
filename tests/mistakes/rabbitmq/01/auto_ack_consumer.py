"""Lets the broker forget each message at delivery.

Step: 5
Why: with auto_ack the broker sends all that the queue holds and forgets it. What was fetched and not handled is lost
when the shift ends.
"""


def pack_orders(channel, queue, handle, limit, idle_timeout):
    handled = 0
    try:
        for delivery, _, body in channel.consume(queue, auto_ack=True, inactivity_timeout=idle_timeout):
            if delivery is None:
                break
            handle(_parse(body))
            handled += 1
            if handled == limit:
                break
    finally:
        channel.cancel()
    return handled
