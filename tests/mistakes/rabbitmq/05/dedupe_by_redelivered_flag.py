"""Takes the mark `redelivered` for "done already".

Step: 6
Why: the mark says that somebody had the message, not that he finished; the payment at which the handler stumbled is never booked.
"""


def _consume(connection: BlockingConnection, queue: str, once: _Once, idle_timeout: float) -> None:
    channel = connection.channel()
    channel.basic_qos(prefetch_count=1)
    for delivery, properties, body in channel.consume(queue, inactivity_timeout=idle_timeout):
        if delivery is None or properties is None or body is None:
            return
        if not delivery.redelivered:
            once(properties.message_id, body)
        channel.basic_ack(delivery.delivery_tag)
