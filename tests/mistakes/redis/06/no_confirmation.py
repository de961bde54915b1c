"""Sends SSUBSCRIBE and returns.

Step: 3
Why: the command is on its way, and nobody listens yet; if the node is dead nobody ever will.
"""


class ShardFeed(ShardFeed):
    def __init__(self, url: str, channel: str, timeout: float = 5.0) -> None:
        self._early = []
        self._client = _client(_owner(url, channel, timeout), timeout)
        self._pubsub = self._client.pubsub()
        try:
            self._pubsub.ssubscribe(channel)
        except redis.TimeoutError:
            pass
