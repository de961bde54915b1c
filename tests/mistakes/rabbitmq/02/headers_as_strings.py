"""Makes strings of the values.

Step: 6
Why: the broker compares types as well. A rule that asks for "1" does not match a message with the number 1.
"""


def declare_headers(channel, exchange, rules):
    channel.exchange_declare(exchange, "headers", durable=True)
    for queue, rule in rules.items():
        wanted = {name: str(value) for name, value in rule.headers.items()}
        _declare_bound(channel, queue, exchange, [""], {**wanted, "x-match": rule.match})
