"""Reports the gap when the connection breaks.

Step: 5
Why: whoever looks up what was missed at that moment still misses what is published until the screen listens again.
"""


class Listener(Listener):
    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                message = self._subscription.get(0.1)
            except (redis.ConnectionError, redis.TimeoutError):
                self._call(self._on_gap)
                self._subscribe_again()
                continue
            if message is not None:
                self._call(self._on_message, message)
