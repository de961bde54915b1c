"""Acks before the work is done.

Step: 6
Why: when the handler stumbles, or the program dies, the broker has already forgotten the payment.
"""


def _consume(connection: BlockingConnection, queue: str, once: _Once, idle_timeout: float) -> None:
    channel = connection.channel()
    channel.basic_qos(prefetch_count=1)
    for delivery, properties, body in channel.consume(queue, inactivity_timeout=idle_timeout):
        if delivery is None or properties is None or body is None:
            return
        channel.basic_ack(delivery.delivery_tag)
        once(properties.message_id, body)
