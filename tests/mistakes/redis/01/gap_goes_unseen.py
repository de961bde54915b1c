"""Lets the client's retries mend the connection.

Step: 5
Why: with retries redis-py subscribes again without a word: the screen works, and nobody learns that it was deaf for a while.
"""


class Listener(Listener):
    def start(self, timeout: float = 5.0) -> Listener:
        super().start(timeout)
        for connection in (self._subscription._pubsub.connection,):
            connection.retry = Retry(NoBackoff(), 1000)
        return self
