"""Tries an unroutable message again and again.

Step: 2
Why: no pause creates a queue: the caller waits for nothing, and learns of its mistake late.
"""


class Publisher(Publisher):
    def _attempt(self, exchange, routing_key, body, properties):
        with self._channel() as channel:
            channel.basic_publish(exchange, routing_key, body, properties, mandatory=True)

    def publish(self, exchange, routing_key, body, properties=None):
        try:
            return super().publish(exchange, routing_key, body, properties)
        except NotConfirmed as error:
            if isinstance(error.__cause__, UnroutableError):
                raise Unroutable(routing_key) from error
            raise
