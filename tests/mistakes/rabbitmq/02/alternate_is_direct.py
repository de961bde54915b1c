"""Makes the alternate exchange a direct one.

Step: 4
Why: the message keeps its routing key on the way. A direct exchange would need a binding for each key that nobody
has thought of; a fanout exchange takes all.
"""


def declare_topics(channel, exchange, subscriptions):
    unrouted = f"{exchange}.unrouted"
    channel.exchange_declare(unrouted, "direct", durable=True)
    _declare_bound(channel, unrouted, unrouted, [unrouted])
    channel.exchange_declare(exchange, "topic", durable=True, arguments={"alternate-exchange": unrouted})
    for queue, patterns in subscriptions.items():
        _declare_bound(channel, queue, exchange, patterns)
