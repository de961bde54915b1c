"""Gives each attempt an id of its own.

Step: 2
Why: the confirm may be all that was lost; with another id the receiver takes the second copy for a second payment.
"""


class Publisher(Publisher):
    def _attempt(self, exchange, routing_key, body, properties):
        properties = copy.copy(properties)
        properties.message_id = str(uuid.uuid4())
        super()._attempt(exchange, routing_key, body, properties)
        self._last = properties.message_id

    def publish(self, exchange, routing_key, body, properties=None):
        given = properties.message_id if properties else None
        if given:
            return super().publish(exchange, routing_key, body, properties)
        super().publish(exchange, routing_key, body, properties)
        return self._last
