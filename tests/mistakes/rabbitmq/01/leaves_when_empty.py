"""Goes home as soon as the queue is empty.

Step: 5
Why: orders come one by one. A desk that does not wait for the next one misses it by a moment.
"""


def pack_orders(channel, queue, handle, limit, idle_timeout):
    handled = 0
    while handled < limit and take_order(channel, queue, handle):
        handled += 1
    return handled
