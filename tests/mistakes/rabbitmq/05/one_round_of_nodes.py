"""Tries every node once.

Step: 7
Why: a cluster needs a moment to choose a new leader, and in this moment no node can do it; time, not the number of attempts, decides.
"""


class ConfirmedPublisher(ConfirmedPublisher):
    def publish(self, queue: str, body: bytes, message_id: str | None = None) -> str:
        message_id = message_id or str(uuid.uuid4())
        properties = BasicProperties(delivery_mode=2, message_id=message_id)
        for _ in self._urls:
            try:
                if self._link is None:
                    self._link = _Link(self._urls[self._turn % len(self._urls)], min(self._give_up_after, 1.0))
                outcome = self._link.publish(queue, body, properties, min(self._give_up_after, self._confirm_timeout))
            except _LOST:
                outcome = "lost"
            if outcome == "ack":
                return message_id
            if outcome == "returned":
                raise Unroutable(queue)
            self.close()
            self._turn += 1
        raise NotConfirmed(message_id)
