"""Declares the live queue for everybody.

Step: 3
Why: only an exclusive queue goes with its connection. This one stays, and collects messages that nobody will ever
read.
"""


def listen_live(channel, exchange, routing_key=""):
    queue = channel.queue_declare("").method.queue
    channel.queue_bind(queue, exchange, routing_key)
    return queue
