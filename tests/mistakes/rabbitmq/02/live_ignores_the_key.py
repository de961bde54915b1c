"""Binds the live queue without the routing key.

Step: 3
Why: a fanout exchange does not look at the key, so all seems well; at a direct or topic exchange the queue hears
the wrong messages, or none.
"""


def listen_live(channel, exchange, routing_key=""):
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, exchange)
    return queue
