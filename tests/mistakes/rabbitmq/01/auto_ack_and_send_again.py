"""Lets the broker forget the message at once, and sends it again when packing fails.

Step: 6
Why: between delivery and the end of the work the order exists in one place only, your process. When that dies, nobody
is left to send it again.
"""


def take_order(channel, queue, handle):
    delivery, _, body = channel.basic_get(queue, auto_ack=True)
    if delivery is None:
        return False
    order = _parse(body)
    try:
        handle(order)
    except BaseException:
        channel.basic_publish("", queue, body, BasicProperties(delivery_mode=2))
        raise
    return True


def pack_orders(channel, queue, handle, limit, idle_timeout):
    handled, end = 0, time.monotonic() + idle_timeout
    while handled < limit and time.monotonic() < end:
        if take_order(channel, queue, handle):
            handled, end = handled + 1, time.monotonic() + idle_timeout
        else:
            channel.connection.sleep(0.02)
    return handled
