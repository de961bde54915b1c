"""Waits the whole time, then counts once.

Step: 3
Why: the caller waits for nothing when the subscribers were there long before the time was up.
"""


def wait_for_subscribers(client: redis.Redis, channel: str, count: int, timeout: float) -> bool:
    time.sleep(timeout)
    return subscriber_counts(client, channel)[channel] >= count
