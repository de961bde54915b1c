"""Reports a gap whenever it has subscribed, the first time too.

Step: 5
Why: at the start nothing was missed that this screen had promised to show; each gap costs its owner a look into the database.
"""


class Listener(Listener):
    def start(self, timeout: float = 5.0) -> Listener:
        super().start(timeout)
        self._call(self._on_gap)
        return self
