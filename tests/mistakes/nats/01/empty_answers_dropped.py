"""Drops answers with an empty body.

Step: 12
Why: "Yes, and I have nothing to add" is an answer.
"""


_ask_all = ask_all


async def ask_all(nc, subject, payload, *, timeout, limit=None):
    return [body for body in await _ask_all(nc, subject, payload, timeout=timeout, limit=limit) if body]
