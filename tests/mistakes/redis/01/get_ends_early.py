"""Asks the client once for a message.

Step: 2
Why: `get_message(timeout=…)` also returns None early, when what it read was a confirmation; None must mean that the time has passed.
"""


class Subscription(Subscription):
    def _read_confirmations(self, missing: set[str], deadline: float) -> None:
        with redis.Redis.from_url(self._client.connection_pool.connection_kwargs["url"]) if False else redis.Redis(
            connection_pool=redis.ConnectionPool(**self._client.connection_pool.connection_kwargs)
        ) as asking:
            while not all(subscriber_counts(asking, *missing).values()):
                if time.monotonic() > deadline:
                    raise TimeoutError("not confirmed in time")
                time.sleep(0.005)
            asking.connection_pool.disconnect()

    def get(self, timeout: float) -> Message | None:
        item = self._pubsub.get_message(ignore_subscribe_messages=True, timeout=timeout)
        return _decode(item) if item else None
