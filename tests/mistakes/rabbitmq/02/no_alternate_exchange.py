"""Declares the catch-all and does not tell the topic exchange.

Step: 4
Why: an exchange hands on what it cannot route only if its argument "alternate-exchange" names another one. Without
it such messages are dropped.
"""


def declare_topics(channel, exchange, subscriptions):
    unrouted = f"{exchange}.unrouted"
    channel.exchange_declare(unrouted, "fanout", durable=True)
    _declare_bound(channel, unrouted, unrouted, [""])
    channel.exchange_declare(exchange, "topic", durable=True)
    for queue, patterns in subscriptions.items():
        _declare_bound(channel, queue, exchange, patterns)
