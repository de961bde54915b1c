"""Leaves the message transient.

Step: 7
Why: the durable queue survives a restart of the broker, the message in it does not. The default of delivery_mode is
transient.
"""


def publish(channel, exchange, routing_key, body, headers=None):
    _confirm(channel)
    try:
        channel.basic_publish(exchange, routing_key, body, BasicProperties(headers=dict(headers or {})), mandatory=True)
    except UnroutableError:
        return False
    return True
