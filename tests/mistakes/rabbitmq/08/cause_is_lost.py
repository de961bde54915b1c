"""Raises NotConfirmed without its cause.

Step: 2
Why: "not confirmed" says what, and not why: a wrong password and a full queue look the same.
"""


class Publisher(Publisher):
    def publish(self, exchange, routing_key, body, properties=None):
        try:
            return super().publish(exchange, routing_key, body, properties)
        except NotConfirmed:
            raise NotConfirmed("all attempts failed") from None
