"""Closes the channel after a message that no queue took.

Step: 7
Why: an unroutable message is an answer, not an error: the channel is as good as before, and the caller goes on with
it.
"""


def publish(channel, exchange, routing_key, body, headers=None):
    _confirm(channel)
    properties = BasicProperties(delivery_mode=DeliveryMode.Persistent, headers=dict(headers or {}))
    try:
        channel.basic_publish(exchange, routing_key, body, properties, mandatory=True)
    except UnroutableError:
        channel.close()
        return False
    return True
