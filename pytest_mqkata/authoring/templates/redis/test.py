"""What the receiver of a message must be able to rely on."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest


@pytest.mark.step(1, "publish")
def test_step1_a_message_arrives(kata: ModuleType, redis_server: Any) -> None:
    key = redis_server.fresh("list")
    for value in ("first", "second"):
        kata.publish(redis_server.url, key, value)
    with redis_server.client() as client:
        found = client.lrange(key, 0, -1)
    assert found == ["first", "second"], f"The list holds {found}; first and second were published, in that order."
