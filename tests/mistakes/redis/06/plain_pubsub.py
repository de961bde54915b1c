"""Publishes and subscribes as on a single server.

Step: 3
Why: PUBLISH goes to every node of the cluster, and counts only those who listen on the node that took it; that is what sharded channels are there to avoid.
"""


def publish_sharded(url: str, channel: str, body: dict[str, Any]) -> int:
    with _client(url, 5.0) as client:
        return int(client.publish(channel, json.dumps(body)))


class ShardFeed(ShardFeed):
    def __init__(self, url: str, channel: str, timeout: float = 5.0) -> None:
        self._client = _client(url, timeout)
        self._pubsub = self._client.pubsub()
        self._pubsub.subscribe(channel)
        self._pubsub.get_message(timeout=timeout)

    def get(self, timeout: float) -> dict[str, Any] | None:
        item = self._pubsub.get_message(timeout=timeout)
        return json.loads(item["data"]) if item else None
