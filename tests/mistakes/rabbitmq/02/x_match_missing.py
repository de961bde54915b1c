"""Leaves "x-match" out of the binding.

Step: 6
Why: without it the broker asks for all headers, so a rule that says "any" is too strict.
"""


def declare_headers(channel, exchange, rules):
    channel.exchange_declare(exchange, "headers", durable=True)
    for queue, rule in rules.items():
        _declare_bound(channel, queue, exchange, [""], dict(rule.headers))
