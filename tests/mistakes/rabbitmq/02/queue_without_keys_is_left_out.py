"""Declares a queue only when there is a key to bind it with.

Step: 1
Why: a queue without keys is declared all the same: others bind it, or read from it, and find it missing.
"""


def declare_direct(channel, exchange, routes):
    channel.exchange_declare(exchange, "direct", durable=True)
    for queue, keys in routes.items():
        for key in keys:
            channel.queue_declare(queue, durable=True)
            channel.queue_bind(queue, exchange, key)
