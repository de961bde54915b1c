"""Looks for the queue again and again before it says that there is none.

Step: 3
Why: five seconds for a wrong name; whoever waits in a web request has gone.
"""


class ConfirmedPublisher(ConfirmedPublisher):
    def publish(self, queue: str, body: bytes, message_id: str | None = None) -> str:
        for _ in range(5):
            try:
                return super().publish(queue, body, message_id)
            except Unroutable:
                time.sleep(1.0)
        raise Unroutable(queue)
