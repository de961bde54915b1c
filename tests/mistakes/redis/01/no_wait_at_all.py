"""Sends SUBSCRIBE and returns.

Step: 2
Why: `subscribe()` returns when the bytes are sent; until the server has read them, messages go past the screen. On a quick link this hardly ever shows.
"""


class Subscription(Subscription):
    def _read_confirmations(self, missing: set[str], deadline: float) -> None:
        pass
