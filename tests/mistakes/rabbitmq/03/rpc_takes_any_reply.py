"""Takes the next reply, whatever it answers.

Step: 7
Why: after a call that timed out its answer is still on its way, and comes as the answer to the next question; from
then on all are one behind.
"""


class RpcClient(RpcClient):
    def _on_reply(self, channel, delivery, properties, body):
        self._reply = properties, body
