"""Begins to consume replies with each call.

Step: 7
Why: a channel can have one consumer for direct replies. The second basic_consume is refused with 406, and the channel
is closed.
"""


class RpcClient(RpcClient):
    def __init__(self, url, queue):
        self._queue = queue
        self._connection = BlockingConnection(URLParameters(url))
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()

    def call(self, payload, timeout):
        self._channel.basic_consume("amq.rabbitmq.reply-to", self._on_reply, auto_ack=True)
        return super().call(payload, timeout)
