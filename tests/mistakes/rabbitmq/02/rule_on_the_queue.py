"""Gives the rule to the queue, not to the binding.

Step: 6
Why: the broker takes arguments of a queue that it does not know, and does nothing with them. The binding asks for
nothing, so the queue gets every message.
"""


def declare_headers(channel, exchange, rules):
    channel.exchange_declare(exchange, "headers", durable=True)
    for queue, rule in rules.items():
        channel.queue_declare(queue, durable=True, arguments={**rule.headers, "x-match": rule.match})
        channel.queue_bind(queue, exchange)
