"""Publishes without the flag mandatory.

Step: 2
Why: a message that no queue takes is confirmed as well, and then it is gone.
"""


class Publisher(Publisher):
    def _attempt(self, exchange, routing_key, body, properties):
        with self._channel() as channel:
            channel.basic_publish(exchange, routing_key, body, properties)
