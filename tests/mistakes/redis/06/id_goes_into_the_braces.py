"""Puts the id between braces as it is.

Step: 1
Why: an id that is empty, or that has a brace in it, makes another tag than meant, and the three keys fall into three slots.
"""


def order_keys(order_id: str) -> OrderKeys:
    return OrderKeys(f"{{{order_id}}}:events", f"{{{order_id}}}:state", f"{{{order_id}}}:lock")
