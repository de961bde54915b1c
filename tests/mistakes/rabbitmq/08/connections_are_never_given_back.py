"""Keeps what it took from the pool when an attempt fails.

Step: 2
Why: each failure makes the pool smaller; when it is empty, every publish waits for ever.
"""


class Publisher(Publisher):
    @contextlib.contextmanager
    def _channel(self):
        channel = self._pool.get()
        if channel is None or not channel.is_open:
            channel = self._open()
        yield channel
        self._pool.put(channel)

    def close(self):
        while not self._pool.empty():
            _close(self._pool.get())
