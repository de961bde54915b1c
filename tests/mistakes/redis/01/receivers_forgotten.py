"""Throws PUBLISH's answer away.

Step: 1
Why: the number of receivers is all that a publisher ever learns; without it nobody notices that a message is lost.
"""


def publish(client: redis.Redis, channel: str, body: dict[str, Any]) -> None:
    client.publish(channel, json.dumps(body))
