"""Publishes on one channel, and consumes replies on another one.

Step: 7
Why: the broker ties direct replies to the channel that consumes them; a request from another channel is refused with
406.
"""


class RpcClient(RpcClient):
    def __init__(self, url, queue):
        self._queue = queue
        self._connection = BlockingConnection(URLParameters(url))
        replies = self._connection.channel()
        replies.basic_consume("amq.rabbitmq.reply-to", self._on_reply, auto_ack=True)
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()
