"""Takes silence for a yes.

Step: 4
Why: the message may be stored, or not; to say "confirmed" when nobody has confirmed anything is to lose payments.
"""


class _Link(_Link):
    def publish(self, queue: str, body: bytes, properties: BasicProperties, timeout: float) -> str:
        try:
            return super().publish(queue, body, properties, timeout)
        except TimeoutError:
            return "ack"
