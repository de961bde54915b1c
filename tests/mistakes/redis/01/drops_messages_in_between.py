"""Subscribes channel by channel, and throws away what is no confirmation.

Step: 2
Why: the first channel delivers while the second one is being confirmed; the server counts those messages as received, and the screen never shows them.
"""


class Subscription(Subscription):
    def __init__(self, url: str, *channels: str, timeout: float = 5.0) -> None:
        super().__init__(url, *channels[:1], timeout=timeout)
        deadline = time.monotonic() + timeout
        for channel in channels[1:]:
            self._pubsub.subscribe(channel)
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    self.close()
                    raise TimeoutError(channel)
                item = self._pubsub.get_message(timeout=left)
                if item and item["type"] == "subscribe":
                    break
