"""A message that a restart loses.

Step: 1
Why: without delivery_mode 2 the broker may keep the message in memory only, in a durable queue as well.
"""


def publish(channel, queue, body):
    channel.basic_publish("", queue, body)
