"""Trims the wrong end of the list.

Step: 4
Why: RPUSH appends at the tail, so `LTRIM 0 limit-1` throws away exactly the message that was just kept.
"""


def publish_or_keep(client: redis.Redis, channel: str, body: dict[str, Any], fallback: str, limit: int) -> int:
    receivers = publish(client, channel, body)
    if receivers == 0:
        client.rpush(fallback, json.dumps(body))
        client.ltrim(fallback, 0, limit - 1)
    return receivers
