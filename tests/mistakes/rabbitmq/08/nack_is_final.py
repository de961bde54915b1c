"""Gives up at the first nack.

Step: 2
Why: a nack means "not taken", and often "not now": a queue is full, a leader is being elected.
"""


class Publisher(Publisher):
    def _attempt(self, exchange, routing_key, body, properties):
        try:
            super()._attempt(exchange, routing_key, body, properties)
        except AMQPError as error:
            if type(error).__name__ == "NackError":
                raise NotConfirmed("the broker said no") from error
            raise
