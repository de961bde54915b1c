"""Takes every JSON value for an order.

Step: 4
Why: a list, a number and null are JSON as well. The handler gets something that is no order, and fails in its own
way.
"""


def _parse(body):
    try:
        return json.loads(body.decode())
    except ValueError as error:
        raise BadOrder(f"not JSON: {body[:80]!r}") from error
