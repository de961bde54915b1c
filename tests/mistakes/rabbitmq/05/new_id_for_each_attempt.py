"""Makes a new message_id for each attempt.

Step: 5
Why: the first attempt may be stored, only its confirm was lost; the receiver sees two payments.
"""


class _Link(_Link):
    def publish(self, queue: str, body: bytes, properties: BasicProperties, timeout: float) -> str:
        if getattr(properties, "sent_before", False):
            properties.message_id = str(uuid.uuid4())
        properties.sent_before = True
        return super().publish(queue, body, properties, timeout)
