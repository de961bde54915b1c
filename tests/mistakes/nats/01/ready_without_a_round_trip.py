"""Says "ready" before the server knows the subscription.

Step: 5
Why: subscribe() returns when the command is in the client's buffer. Whoever publishes now is not heard: wait for a round trip.
"""


async def _registered(connection):
    pass
