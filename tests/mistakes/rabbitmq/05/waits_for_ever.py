"""Waits for the confirm in the client's own way.

Step: 4
Why: the blocking client's wait has no end, so the deadline is looked at only when the answer has come; in silence it never does.
"""


class ConfirmedPublisher(ConfirmedPublisher):
    _connection = None

    def publish(self, queue: str, body: bytes, message_id: str | None = None) -> str:
        from pika.exceptions import UnroutableError

        message_id = message_id or str(uuid.uuid4())
        end = time.monotonic() + self._give_up_after
        while time.monotonic() < end:
            try:
                if self._connection is None:
                    self._connection = _connect(self._urls[self._turn % len(self._urls)])
                    self._confirming = self._connection.channel()
                    self._confirming.confirm_delivery()
                self._confirming.basic_publish(
                    "", queue, body, BasicProperties(delivery_mode=2, message_id=message_id), mandatory=True
                )
                return message_id
            except UnroutableError:
                raise Unroutable(queue) from None
            except _LOST:
                self.close()
                self._turn += 1
                time.sleep(0.1)
        raise NotConfirmed(message_id)

    def close(self) -> None:
        if self._connection is not None and self._connection.is_open:
            self._connection.close()
        self._connection = None
