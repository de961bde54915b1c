"""Sends Python's own notation of the dict.

Step: 1
Why: `str(body)` looks like JSON, but has single quotes, True and None: no other program can read it, and Python only with eval().
"""


def publish(client: redis.Redis, channel: str, body: dict[str, Any]) -> int:
    return int(client.publish(channel, str(body)))
