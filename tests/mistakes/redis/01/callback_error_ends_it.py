"""Calls the callbacks without a net.

Step: 5
Why: one order that the printer cannot print ends the thread, and every later order is lost in silence.
"""


class Listener(Listener):
    def _call(self, callback: Callable[..., None], *arguments: Message) -> None:
        if not self._stopping.is_set():
            callback(*arguments)
