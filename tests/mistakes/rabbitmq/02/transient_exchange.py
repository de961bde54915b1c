"""Leaves the exchange transient.

Step: 1
Why: durable is a property of queues and of exchanges. After a restart of the broker the durable queues are back,
and nothing is bound to them.
"""


def declare_direct(channel, exchange, routes):
    channel.exchange_declare(exchange, "direct")
    for queue, keys in routes.items():
        _declare_bound(channel, queue, exchange, keys)
