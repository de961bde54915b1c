"""Publishes with mandatory and without confirms.

Step: 7
Why: the call returns before the broker has seen the message. The answer comes later, and nobody reads it.
"""


def publish(channel, exchange, routing_key, body, headers=None):
    properties = BasicProperties(delivery_mode=DeliveryMode.Persistent, headers=dict(headers or {}))
    try:
        channel.basic_publish(exchange, routing_key, body, properties, mandatory=True)
    except UnroutableError:
        return False
    return True
