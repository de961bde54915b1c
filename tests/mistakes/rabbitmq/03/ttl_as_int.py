"""Gives the expiration as a number.

Step: 2
Why: AMQP's property expiration is text, though it means a number of milliseconds; pika refuses an int.
"""


def submit(channel, queue, job, *, priority=0, ttl=None):
    expiration = None if ttl is None else round(ttl * 1000)
    properties = BasicProperties(delivery_mode=2, priority=priority, expiration=expiration)
    channel.basic_publish("", queue, job, properties)
