"""$title, with the properties given by name."""

from pika import BasicProperties, DeliveryMode


def publish(channel, queue, body):
    properties = BasicProperties(delivery_mode=DeliveryMode.Persistent)
    channel.basic_publish(exchange="", routing_key=queue, body=body, properties=properties)
