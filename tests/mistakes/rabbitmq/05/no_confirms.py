"""Publishes without confirms.

Step: 5
Why: what was sent into a connection that is about to break is gone, and the sender never hears of it.
"""


class _Link(_Link):
    def _on_channel(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_return_callback(self._on_return)
        channel.add_on_close_callback(self._on_lost)
        _settle(self._ready, None)

    def _send(self, outcome, queue, body, properties) -> None:
        super()._send(outcome, queue, body, properties)
        # the answer to this comes after the message has been routed, so a returned one is known by then
        self._channel.queue_declare(
            queue, passive=True, callback=lambda _: _settle(outcome, "returned" if self._returned else "ack")
        )
        self._connection.ioloop.call_later(0.3, lambda: _settle(outcome, "returned" if self._returned else "ack"))

    def _on_lost(self, what: Any, error: Any) -> None:
        if what is self._channel and getattr(error, "reply_code", 0) == 404:
            _settle(self._outcome, "returned")
        super()._on_lost(what, error)
