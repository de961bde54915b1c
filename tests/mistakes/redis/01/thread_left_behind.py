"""Reads in a background thread that close() forgets.

Step: 2
Why: the thread keeps its connection and its subscription: the server goes on counting a screen that nobody looks at.
"""


class Subscription(Subscription):
    def __init__(self, url: str, *channels: str, timeout: float = 5.0) -> None:
        super().__init__(url, *channels, timeout=timeout)
        threading.Thread(target=self._read, args=(self._pubsub,), daemon=True).start()

    def _read(self, pubsub: Any) -> None:
        with contextlib.suppress(Exception):
            while True:
                item = pubsub.get_message(timeout=0.1)
                if item and item["type"] == "message":
                    self._early.append(_decode(item))

    def get(self, timeout: float) -> Message | None:
        end = time.monotonic() + timeout
        while not self._early and time.monotonic() < end:
            time.sleep(0.005)
        return self._early.popleft() if self._early else None

    def close(self) -> None:
        self._early.clear()
