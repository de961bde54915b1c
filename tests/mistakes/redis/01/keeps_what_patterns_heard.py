"""Decides by the number of subscribers, not by PUBLISH's answer.

Step: 4
Why: somebody who listens through a pattern heard the message, and gets it a second time from the list.
"""


def publish_or_keep(client: redis.Redis, channel: str, body: dict[str, Any], fallback: str, limit: int) -> int:
    heard = subscriber_counts(client, channel)[channel]
    receivers = publish(client, channel, body)
    if heard == 0:
        client.rpush(fallback, json.dumps(body))
        client.ltrim(fallback, -limit, -1)
    return receivers
