"""Publishes with confirms and without mandatory.

Step: 7
Why: the broker confirms a message also when it has thrown it away because no queue takes it. Only with mandatory it
says so first.
"""


def publish(channel, exchange, routing_key, body, headers=None):
    _confirm(channel)
    properties = BasicProperties(delivery_mode=DeliveryMode.Persistent, headers=dict(headers or {}))
    try:
        channel.basic_publish(exchange, routing_key, body, properties)
    except UnroutableError:
        return False
    return True
