"""Takes a missing exchange for an unroutable message.

Step: 7
Why: False says that no queue wanted this message; the caller goes on, with a channel that the broker has closed.
Catch UnroutableError only.
"""


def publish(channel, exchange, routing_key, body, headers=None):
    from pika.exceptions import AMQPError

    properties = BasicProperties(delivery_mode=DeliveryMode.Persistent, headers=dict(headers or {}))
    try:
        _confirm(channel)
        channel.basic_publish(exchange, routing_key, body, properties, mandatory=True)
    except AMQPError:
        return False
    return True
