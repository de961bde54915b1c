"""Turns the milliseconds into text with a decimal point.

Step: 2
Why: 0.3 * 1000 is a float, and its text is "300.0"; the broker takes digits only, and closes the channel for anything
else.
"""


def submit(channel, queue, job, *, priority=0, ttl=None):
    expiration = None if ttl is None else str(ttl * 1000)
    properties = BasicProperties(delivery_mode=2, priority=priority, expiration=expiration)
    channel.basic_publish("", queue, job, properties)
