"""Leaves out the braces of an id.

Step: 1
Why: `7` and `7}` are two orders; without the brace they have the same keys, and the one overwrites the other.
"""

_exact = order_keys


def order_keys(order_id: str) -> OrderKeys:
    return _exact(order_id.replace("{", "").replace("}", ""))
