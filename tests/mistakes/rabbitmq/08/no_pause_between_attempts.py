"""Tries again without a pause.

Step: 2
Why: a broker that is just coming back gets all its clients' attempts at once; six of them are over within a tenth of a
second.
"""


class Publisher(Publisher):
    def __init__(self, url, **options):
        super().__init__(url, **options)
        self._retrying = self._retrying.copy(wait=lambda state: 0)
