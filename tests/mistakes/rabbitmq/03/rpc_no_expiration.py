"""Lets the request live for ever.

Step: 7
Why: a caller that has given up leaves its request in the queue, and the next server does work that nobody wants,
before all that somebody waits for.
"""


class RpcClient(RpcClient):
    def call(self, payload, timeout):
        end = time.monotonic() + timeout
        self._awaited, self._reply = str(uuid.uuid4()), None
        properties = BasicProperties(
            reply_to="amq.rabbitmq.reply-to", correlation_id=self._awaited
        )
        try:
            self._channel.basic_publish("", self._queue, payload, properties, mandatory=True)
        except UnroutableError as error:
            raise RpcError(f"there is no queue {self._queue!r}") from error
        while self._reply is None and (left := end - time.monotonic()) > 0:
            self._connection.process_data_events(time_limit=left)
        if self._reply is None:
            raise TimeoutError(f"no answer within {timeout} s")
        about, answer = self._reply
        if about.type == "error":
            raise RpcError(answer.decode())
        return answer
