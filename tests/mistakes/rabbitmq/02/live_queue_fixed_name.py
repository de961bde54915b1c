"""Gives the live queue a fixed name.

Step: 3
Why: the second dashboard asks for the first one's exclusive queue and is refused. With an empty name the broker
chooses one that nobody has.
"""


def listen_live(channel, exchange, routing_key=""):
    queue = f"{exchange}.live"
    channel.queue_declare(queue, exclusive=True)
    channel.queue_bind(queue, exchange, routing_key)
    return queue
