"""Handles whatever comes.

Step: 6
Why: publishers send again when a confirm is lost, and the broker delivers again when an ack is; without a memory of ids a payment is booked twice.
"""


class _Once(_Once):
    def __call__(self, message_id: str | None, body: bytes) -> None:
        try:
            self._handle(message_id, body)
        except Exception as error:
            raise _HandlerFailed(error) from error
        self._seen.add(message_id)
        self.handled += 1
