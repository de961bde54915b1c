"""Takes a lost connection after sending for a success.

Step: 5
Why: that the message has left the program does not mean that the broker has it, and much less that a majority has.
"""


class _Link(_Link):
    def publish(self, queue: str, body: bytes, properties: BasicProperties, timeout: float) -> str:
        try:
            return super().publish(queue, body, properties, timeout)
        except AMQPError:
            return "ack"
