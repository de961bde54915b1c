"""Counts the subscribers after publishing in place of reading PUBLISH's answer.

Step: 3
Why: PUBSUB NUMSUB does not know those who listen through a pattern, and tells who is there now, not who got the message.
"""


def publish(client: redis.Redis, channel: str, body: dict[str, Any]) -> int:
    client.publish(channel, json.dumps(body))
    return subscriber_counts(client, channel)[channel]
