"""Returns as if the shift were over when the connection is lost.

Step: 6
Why: the caller thinks that the queue is empty and goes home; the orders wait, and nobody connects again.
"""


_pack_orders = pack_orders


def pack_orders(channel, queue, handle, limit, idle_timeout):
    handled = 0

    def count(order):
        nonlocal handled
        handle(order)
        handled += 1

    try:
        return _pack_orders(channel, queue, count, limit, idle_timeout)
    except AMQPError:
        return handled
