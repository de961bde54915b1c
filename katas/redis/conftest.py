"""What the tests of all Redis katas share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import redis

    from pytest_mqkata.brokers.redis import RedisServer


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[redis.Redis]:
    """A `redis.Redis` on `redis_server`: decoded replies, a 5 second socket timeout, closed at the test's end."""
    with redis_server.client() as client:
        yield client
