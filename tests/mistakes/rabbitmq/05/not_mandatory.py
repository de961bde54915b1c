"""Publishes without the flag mandatory.

Step: 3
Why: a message that no queue takes is confirmed at once, since there is nothing left to do for it; the payment is gone, and called stored.
"""


class _Link(_Link):
    def _send(self, outcome, queue, body, properties) -> None:
        self._channel.basic_publish("", queue, body, properties)
