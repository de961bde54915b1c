"""Remembers the id before the handler runs.

Step: 6
Why: when the handler stumbles, the payment counts as done, and is only acked the next time.
"""


class _Once(_Once):
    def __call__(self, message_id: str | None, body: bytes) -> None:
        if message_id in self._seen:
            return
        self._seen.add(message_id)
        try:
            self._handle(message_id, body)
        except Exception as error:
            raise _HandlerFailed(error) from error
        self.handled += 1
