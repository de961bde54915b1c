"""Writes "x-match" into the caller's own headers.

Step: 6
Why: the mapping belongs to the caller, who may use it once more. Make a new dict.
"""


def declare_headers(channel, exchange, rules):
    channel.exchange_declare(exchange, "headers", durable=True)
    for queue, rule in rules.items():
        arguments = rule.headers
        arguments["x-match"] = rule.match
        _declare_bound(channel, queue, exchange, [""], arguments)
