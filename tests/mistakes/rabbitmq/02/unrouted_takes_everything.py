"""Binds the catch-all to the topic exchange with "#".

Step: 4
Why: "#" matches every key, so the queue gets a copy of each message, also of those that somebody else takes.
"""


def declare_topics(channel, exchange, subscriptions):
    unrouted = f"{exchange}.unrouted"
    channel.exchange_declare(unrouted, "fanout", durable=True)
    channel.exchange_declare(exchange, "topic", durable=True, arguments={"alternate-exchange": unrouted})
    _declare_bound(channel, unrouted, exchange, ["#"])
    for queue, patterns in subscriptions.items():
        _declare_bound(channel, queue, exchange, patterns)
