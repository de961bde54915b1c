"""Writes the new message_id into the caller's properties.

Step: 2
Why: whoever uses the same properties for the next message sends it with the id of the first, and the receiver takes it
for a duplicate.
"""


class Publisher(Publisher):
    def publish(self, exchange, routing_key, body, properties=None):
        properties = properties or BasicProperties()
        message_id = properties.message_id = properties.message_id or str(uuid.uuid4())
        properties.delivery_mode = 2
        self._retrying.copy()(self._attempt, exchange, routing_key, body, properties)
        return message_id
