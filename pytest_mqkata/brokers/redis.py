"""Redis in a test's hands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mqkata.brokers.node import Node

if TYPE_CHECKING:
    import redis


class RedisServer(Node):
    """A Redis (or Valkey) server of the test's own, empty at first."""

    broker = "redis"

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}/0"

    def client(self, **options: Any) -> redis.Redis:
        """A new client with decoded replies and a 5 second socket timeout; `options` go to `redis.Redis.from_url`."""
        import redis

        return redis.Redis.from_url(self.url, **{"decode_responses": True, "socket_timeout": 5.0, **options})
