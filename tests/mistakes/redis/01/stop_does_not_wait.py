"""Sets a flag and leaves.

Step: 5
Why: the callback that runs at that moment goes on after stop() has returned, on things that its owner has closed by then.
"""


class Listener(Listener):
    def stop(self) -> None:
        self._stopping.set()

    def _run(self) -> None:
        super()._run()
        self._subscription.close()
