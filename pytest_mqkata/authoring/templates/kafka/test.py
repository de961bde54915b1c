"""What the reader of a record must be able to rely on."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest


@pytest.mark.step(1, "publish")
def test_step1_a_record_arrives(kata: ModuleType, kafka_server: Any) -> None:
    topic = kafka_server.topic("records")
    offset = kata.publish(kafka_server.bootstrap_servers, topic, b"hello")
    values = [record.value for record in kafka_server.records(topic)]
    assert values == [b"hello"], f"The topic holds {values}; one record b'hello' was to be written."
    assert offset == 0, f"The record is at offset 0; publish() returned {offset!r}."
