"""Acks all orders together when the shift is over.

Step: 6
Why: a crash before the end repeats every order of the shift, although it was packed. Acknowledge each order when it
is done.
"""


def pack_orders(channel, queue, handle, limit, idle_timeout):
    handled, done = 0, 0
    channel.basic_qos(prefetch_count=limit)
    try:
        for delivery, _, body in channel.consume(queue, inactivity_timeout=idle_timeout):
            if delivery is None:
                break
            try:
                order = _parse(body)
            except BadOrder:
                channel.basic_reject(delivery.delivery_tag, requeue=False)
                raise
            try:
                handle(order)
            except BaseException:
                channel.basic_nack(delivery.delivery_tag, requeue=True)
                raise
            handled, done = handled + 1, delivery.delivery_tag
            if handled == limit:
                break
    finally:
        if channel.is_open:
            if done:
                channel.basic_ack(done, multiple=True)
            channel.cancel()
    return handled
