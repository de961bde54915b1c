"""Publishes the request without the flag mandatory.

Step: 7
Why: the broker drops what no queue takes, and confirms it: the caller waits for its whole timeout, and never learns
that the name was wrong.
"""


class RpcClient(RpcClient):
    def call(self, payload, timeout):
        end = time.monotonic() + timeout
        self._awaited, self._reply = str(uuid.uuid4()), None
        properties = BasicProperties(
            reply_to="amq.rabbitmq.reply-to", correlation_id=self._awaited, expiration=str(round(timeout * 1000))
        )
        self._channel.basic_publish("", self._queue, payload, properties)
        while self._reply is None and (left := end - time.monotonic()) > 0:
            self._connection.process_data_events(time_limit=left)
        if self._reply is None:
            raise TimeoutError(f"no answer within {timeout} s")
        about, answer = self._reply
        if about.type == "error":
            raise RpcError(answer.decode())
        return answer
