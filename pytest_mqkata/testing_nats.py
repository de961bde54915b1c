"""Helpers for tests with NATS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_mqkata.testing import eventually_async

if TYPE_CHECKING:
    from nats.aio.client import Client

    from pytest_mqkata.brokers.nats import NatsServer


async def settle(connection: Client) -> None:
    """Return once the server has handled all that was sent on `connection`.

    Two round trips, because nats-py's `flush()` writes its PING past what still waits in the client's own buffer
    (seen with 2.16: after one flush 20 of 1000 subscriptions were not registered yet, after two none).
    """
    await connection.flush()
    await connection.flush()


async def subscribed(server: NatsServer, subject: str, timeout: float = 2.0) -> None:
    """Wait until some connection of the server lists `subject`.

    Raises:
        AssertionError: none did in `timeout` seconds.
    """

    def listed() -> bool:
        connections = server.connz(subs=True)["connections"] or []
        return any(subject in one.get("subscriptions_list", []) for one in connections)

    await eventually_async(listed, timeout, f"no connection subscribed to {subject!r}")
