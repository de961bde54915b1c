"""Redis 01 · Fire and forget.

The order desk shouts "order ready" into a channel, and the screens in the kitchen listen. A screen that is off hears
nothing, and nobody tells it afterwards. Build the loudspeaker, a screen that knows when it is really listening, and
one that owns up to what it may have missed.

Run: pytest katas/redis/01
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import redis


class Message(NamedTuple):
    """What a screen hears."""

    channel: str
    body: dict[str, Any]


def publish(client: redis.Redis, channel: str, body: dict[str, Any]) -> int:
    """Publish `body` as one JSON text (UTF-8).

    Returns:
        How many subscriptions the server delivered it to. 0: it is lost for good.
    """
    raise NotImplementedError


class Subscription:
    """A confirmed subscription to one or more channels; also a context manager that closes itself."""

    def __init__(self, url: str, *channels: str, timeout: float = 5.0) -> None:
        """Subscribe, and return only when the server has confirmed every channel.

        Raises:
            ValueError: no channels.
            TimeoutError: the confirmations are not there within `timeout` seconds, connecting included (one second
                of slack is allowed). Nothing stays open then.
        """
        raise NotImplementedError

    def get(self, timeout: float) -> Message | None:
        """The next message, waiting up to `timeout` seconds (0: only what is there).

        Returns:
            The message; None only when the whole time has passed.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Unsubscribe and disconnect. May be called twice."""
        raise NotImplementedError

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def subscriber_counts(client: redis.Redis, *channels: str) -> dict[str, int]:
    """How many subscribe to each channel by its exact name, 0 included; {} without channels.

    Those who listen through a pattern are not counted.
    """
    raise NotImplementedError


def wait_for_subscribers(client: redis.Redis, channel: str, count: int, timeout: float) -> bool:
    """Wait until at least `count` subscribe to `channel` by name. Publishes nothing.

    Returns:
        True as soon as they do, False when `timeout` seconds have passed without.
    """
    raise NotImplementedError


def publish_or_keep(client: redis.Redis, channel: str, body: dict[str, Any], fallback: str, limit: int) -> int:
    """Publish; when nobody received it, append the JSON text to the list `fallback`, which keeps the newest `limit`.

    Returns:
        How many subscriptions the server delivered it to.
    """
    raise NotImplementedError


class Listener:
    """A screen that listens in the background and says when it may have missed something.

    After a lost connection or a server restart it subscribes again by itself. `on_gap()` is called once for each such
    recovery, after all channels are confirmed and before any later message. An exception from a callback does not
    stop it.
    """

    def __init__(
        self,
        url: str,
        channels: Sequence[str],
        on_message: Callable[[Message], None],
        on_gap: Callable[[], None],
    ) -> None:
        """Remember what to do; nothing is connected before `start()`."""
        raise NotImplementedError

    def start(self, timeout: float = 5.0) -> Listener:
        """Listen in the background.

        Returns:
            This listener, after the first confirmation of all channels.

        Raises:
            TimeoutError: they were not confirmed within `timeout` seconds (one second of slack is allowed).
        """
        raise NotImplementedError

    def stop(self) -> None:
        """Stop and disconnect; no callback runs afterwards."""
        raise NotImplementedError
