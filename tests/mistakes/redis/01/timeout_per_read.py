"""Gives each channel the whole time.

Step: 2
Why: the caller has `timeout` seconds for all of it; a limit that starts again with each read is no limit.
"""


class Subscription(Subscription):
    def __init__(self, url: str, *channels: str, timeout: float = 5.0) -> None:
        super().__init__(url, *channels[:1], timeout=timeout)
        for channel in channels[1:]:
            self._pubsub.subscribe(channel)
            if self._pubsub.get_message(timeout=timeout) is None:
                self.close()
                raise TimeoutError(channel)
