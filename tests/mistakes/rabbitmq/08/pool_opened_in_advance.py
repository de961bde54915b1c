"""Opens the whole pool when it is made.

Step: 2
Why: a service that starts before the broker dies of it, and most of the pool is never used.
"""


class Publisher(Publisher):
    def __init__(self, url, **options):
        super().__init__(url, **options)
        held = [self._pool.get() for _ in range(self._size)]
        for _ in held:
            self._pool.put(self._open())
