"""Publishes without confirms.

Step: 4
Why: what was sent into a network that swallows everything is gone, and the sender says that it is stored.
"""


class _Link(_Link):
    def _on_channel(self, channel: Any) -> None:
        self._channel, self._known = channel, set()
        channel.add_on_close_callback(self._on_lost)
        _settle(self._ready, None)

    def _send(self, outcome, queue, body, properties) -> None:
        def send(_: Any = None) -> None:
            self._known.add(queue)
            self._channel.basic_publish("", queue, body, properties)
            self._connection.ioloop.call_later(0.05, lambda: _settle(outcome, "ack"))

        try:
            if queue in self._known:
                send()
            else:  # is there such a queue at all?
                self._channel.queue_declare(queue, passive=True, callback=send)
        except AMQPError as error:
            _settle(outcome, error)

    def _on_lost(self, what: Any, error: Any) -> None:
        if what is self._channel and getattr(error, "reply_code", 0) == 404:
            _settle(self._outcome, "returned")
        super()._on_lost(what, error)
