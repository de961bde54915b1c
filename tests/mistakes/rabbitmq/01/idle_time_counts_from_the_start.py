"""Counts the idle time from the start of the shift.

Step: 5
Why: idle_timeout is the time without a new order. Counted from the start it ends a busy shift in the middle of the
work.
"""


def pack_orders(channel, queue, handle, limit, idle_timeout):
    end = time.monotonic() + idle_timeout
    handled = 0
    while handled < limit and time.monotonic() < end:
        if take_order(channel, queue, handle):
            handled += 1
        else:
            channel.connection.sleep(0.02)
    return handled
