"""Redis 01 · Fire and forget.

The order desk shouts "order ready" into a channel, and the screens in the kitchen listen. A screen that is off hears
nothing, and nobody tells it afterwards. Build the loudspeaker, a screen that knows when it is really listening, and
one that owns up to what it may have missed.

Run: pytest katas/redis/01
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)


class Message(NamedTuple):
    """What a screen hears."""

    channel: str
    body: dict[str, Any]


def publish(client: redis.Redis, channel: str, body: dict[str, Any]) -> int:
    """Publish `body` as one JSON text (UTF-8).

    Returns:
        How many subscriptions the server delivered it to. 0: it is lost for good.
    """
    return int(client.publish(channel, json.dumps(body)))


class Subscription:
    """A confirmed subscription to one or more channels; also a context manager that closes itself."""

    def __init__(self, url: str, *channels: str, timeout: float = 5.0) -> None:
        """Subscribe, and return only when the server has confirmed every channel.

        Raises:
            ValueError: no channels.
            TimeoutError: the confirmations are not there within `timeout` seconds, connecting included (one second
                of slack is allowed). Nothing stays open then.
        """
        if not channels:
            raise ValueError("subscribe to at least one channel")
        deadline = time.monotonic() + timeout
        self._early: deque[Message] = deque()  # came while confirmations were still being read
        self._client = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=timeout,  # else the handshake of a silent server takes the client's own 5 seconds
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),  # a retry would start the time again, and later hide a gap
        )
        self._pubsub = self._client.pubsub()
        try:
            self._pubsub.subscribe(*channels)
            self._read_confirmations(set(channels), deadline)
        except redis.TimeoutError as error:
            self.close()
            raise TimeoutError(f"no answer within {timeout} s") from error
        except BaseException:
            self.close()
            raise

    def _read_confirmations(self, missing: set[str], deadline: float) -> None:
        while missing:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"not confirmed in time: {', '.join(sorted(missing))}")
            item = self._pubsub.get_message(timeout=left)
            if item is None:
                continue
            if item["type"] == "subscribe":
                missing.discard(item["channel"])
            elif item["type"] == "message":
                self._early.append(_decode(item))

    def get(self, timeout: float) -> Message | None:
        """The next message, waiting up to `timeout` seconds (0: only what is there).

        Returns:
            The message; None only when the whole time has passed.
        """
        if self._early:
            return self._early.popleft()
        end = time.monotonic() + timeout
        while True:
            left = max(0.0, end - time.monotonic())
            item = self._pubsub.get_message(timeout=left)
            if item is None:
                if left == 0:
                    return None
            elif item["type"] == "message":
                return _decode(item)

    def close(self) -> None:
        """Unsubscribe and disconnect. May be called twice."""
        self._pubsub.close()
        self._client.close()

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def _decode(item: dict[str, Any]) -> Message:
    return Message(item["channel"], json.loads(item["data"]))


def subscriber_counts(client: redis.Redis, *channels: str) -> dict[str, int]:
    """How many subscribe to each channel by its exact name, 0 included; {} without channels.

    Those who listen through a pattern are not counted.
    """
    return {str(channel): int(count) for channel, count in client.pubsub_numsub(*channels)}


def wait_for_subscribers(client: redis.Redis, channel: str, count: int, timeout: float) -> bool:
    """Wait until at least `count` subscribe to `channel` by name. Publishes nothing.

    Returns:
        True as soon as they do, False when `timeout` seconds have passed without.
    """
    end = time.monotonic() + timeout
    while subscriber_counts(client, channel)[channel] < count:
        if time.monotonic() >= end:
            return False
        time.sleep(0.01)
    return True


def publish_or_keep(client: redis.Redis, channel: str, body: dict[str, Any], fallback: str, limit: int) -> int:
    """Publish; when nobody received it, append the JSON text to the list `fallback`, which keeps the newest `limit`.

    Returns:
        How many subscriptions the server delivered it to.
    """
    receivers = publish(client, channel, body)
    if receivers == 0:
        with client.pipeline() as both:  # MULTI/EXEC: nobody sees the list longer than its limit
            both.rpush(fallback, json.dumps(body))
            both.ltrim(fallback, -limit, -1)
            both.execute()
    return receivers


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
        self._url = url
        self._channels = tuple(channels)
        self._on_message = on_message
        self._on_gap = on_gap
        self._stopping = threading.Event()
        self._subscription: Subscription | None = None
        self._thread: threading.Thread | None = None

    def start(self, timeout: float = 5.0) -> Listener:
        """Listen in the background.

        Returns:
            This listener, after the first confirmation of all channels.

        Raises:
            TimeoutError: they were not confirmed within `timeout` seconds (one second of slack is allowed).
        """
        self._subscription = Subscription(self._url, *self._channels, timeout=timeout)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop and disconnect; no callback runs afterwards."""
        self._stopping.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        if self._subscription is not None:
            self._subscription.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            assert self._subscription is not None
            try:
                message = self._subscription.get(0.1)
            except (redis.ConnectionError, redis.TimeoutError):
                if self._subscribe_again():
                    self._call(self._on_gap)
                continue
            if message is not None:
                self._call(self._on_message, message)

    def _subscribe_again(self) -> bool:
        """A new, confirmed subscription in place of the broken one; False: stopped before there was one."""
        while not self._stopping.is_set():
            assert self._subscription is not None
            self._subscription.close()
            with contextlib.suppress(redis.ConnectionError, TimeoutError):
                self._subscription = Subscription(self._url, *self._channels, timeout=1.0)
                return True
            self._stopping.wait(0.05)
        return False

    def _call(self, callback: Callable[..., None], *arguments: Message) -> None:
        if self._stopping.is_set():
            return
        try:
            callback(*arguments)
        except Exception:
            log.exception("a callback failed; the listener goes on")
