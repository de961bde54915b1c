"""Waits for the first confirmation and takes the others for granted.

Step: 2
Why: each channel is confirmed by itself; when only the first one is, the server may not have heard of the others yet.
"""


class Subscription(Subscription):
    def _read_confirmations(self, missing: set[str], deadline: float) -> None:
        pass

    def __init__(self, url: str, *channels: str, timeout: float = 5.0) -> None:
        super().__init__(url, *channels[:1], timeout=timeout)
        while self._pubsub.get_message(timeout=timeout) is None:
            pass
        if channels[1:]:
            self._pubsub.subscribe(*channels[1:])
