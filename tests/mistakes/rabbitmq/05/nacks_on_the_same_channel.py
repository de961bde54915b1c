"""Repeats a nacked message on the same channel.

Step: 7
Why: a channel that lived through the death of the queue's leader may be told nack for ever; the connection is well, and nothing comes through.
"""


class ConfirmedPublisher(ConfirmedPublisher):
    def publish(self, queue: str, body: bytes, message_id: str | None = None) -> str:
        self._nacked = False
        return super().publish(queue, body, message_id)


class _Link(_Link):
    def publish(self, queue: str, body: bytes, properties: BasicProperties, timeout: float) -> str:
        end = time.monotonic() + 40
        while (outcome := super().publish(queue, body, properties, timeout)) == "nack" and time.monotonic() < end:
            time.sleep(0.05)
        return outcome
