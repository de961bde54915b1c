"""Gives all orders the same hash tag.

Step: 1
Why: everything in one MULTI works, and everything lies on one master; the other two have nothing to do.
"""


def order_keys(order_id: str) -> OrderKeys:
    name = quote(order_id, safe="")
    return OrderKeys(f"{{orders}}:{name}:events", f"{{orders}}:{name}:state", f"{{orders}}:{name}:lock")
