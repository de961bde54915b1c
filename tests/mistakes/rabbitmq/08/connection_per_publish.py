"""Opens a connection for each message.

Step: 2
Why: each costs a TCP and an AMQP handshake, a process in the broker, and a port in TIME_WAIT afterwards.
"""


class Publisher(Publisher):
    def _attempt(self, exchange, routing_key, body, properties):
        with BlockingConnection(self._parameters) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            try:
                channel.basic_publish(exchange, routing_key, body, properties, mandatory=True)
            except UnroutableError as error:
                raise Unroutable(routing_key) from error
