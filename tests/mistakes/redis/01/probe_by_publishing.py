"""Finds out who listens by publishing.

Step: 3
Why: the probes are messages: every screen shows them, and listeners through patterns are counted too.
"""


def wait_for_subscribers(client: redis.Redis, channel: str, count: int, timeout: float) -> bool:
    end = time.monotonic() + timeout
    while client.publish(channel, json.dumps({"ping": True})) < count:
        if time.monotonic() >= end:
            return False
        time.sleep(0.01)
    return True
