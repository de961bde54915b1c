"""Gives all subscribers one queue.

Step: 2
Why: a message in a queue is handed out once. Subscribers that share a queue share the messages; each of them misses
what the others got.
"""


def declare_fanout(channel, exchange, subscribers):
    channel.exchange_declare(exchange, "fanout", durable=True)
    if list(subscribers):
        _declare_bound(channel, f"{exchange}.subscribers", exchange, [""])
