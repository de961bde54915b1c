"""Tries to subscribe again once.

Step: 5
Why: a server that restarts is away for longer than one try; the screen stays dark for ever, and looks as if nothing were wrong.
"""


class Listener(Listener):
    def _subscribe_again(self) -> bool:
        self._subscription.close()
        try:
            self._subscription = Subscription(self._url, *self._channels, timeout=1.0)
        except (redis.ConnectionError, TimeoutError):
            self._stopping.set()
            return False
        return True
