"""Waits a moment for the message to come back, without confirms.

Step: 7
Why: if the answer is late, or the connection is gone, nothing comes back either, and that is taken for success. A
confirm is an answer; silence is none.
"""


def publish(channel, exchange, routing_key, body, headers=None):
    from pika.exceptions import ChannelClosedByBroker

    returned = []
    channel.add_on_return_callback(lambda *message: returned.append(message))
    properties = BasicProperties(delivery_mode=DeliveryMode.Persistent, headers=dict(headers or {}))
    channel.basic_publish(exchange, routing_key, body, properties, mandatory=True)
    channel.connection.process_data_events(time_limit=0.2)
    if channel.is_closed:
        raise ChannelClosedByBroker(404, "NOT_FOUND")
    return not returned
