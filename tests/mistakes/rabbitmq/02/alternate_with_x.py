"""Calls the argument "x-alternate-exchange".

Step: 4
Why: most arguments of RabbitMQ begin with "x-", this one does not. The broker takes an argument that it does not
know, and does nothing with it.
"""


def declare_topics(channel, exchange, subscriptions):
    unrouted = f"{exchange}.unrouted"
    channel.exchange_declare(unrouted, "fanout", durable=True)
    _declare_bound(channel, unrouted, unrouted, [""])
    channel.exchange_declare(exchange, "topic", durable=True, arguments={"x-alternate-exchange": unrouted})
    for queue, patterns in subscriptions.items():
        _declare_bound(channel, queue, exchange, patterns)
