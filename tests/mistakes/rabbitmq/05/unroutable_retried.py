"""Takes a missing queue for a failure that passes.

Step: 3
Why: no other node will have the queue either; the caller waits for the whole of give_up_after to hear something that was known at once.
"""


class _Link(_Link):
    def publish(self, queue: str, body: bytes, properties: BasicProperties, timeout: float) -> str:
        outcome = super().publish(queue, body, properties, timeout)
        if outcome == "returned":
            time.sleep(0.1)
            return "nack"
        return outcome
