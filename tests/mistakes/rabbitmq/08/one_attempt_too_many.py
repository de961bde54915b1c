"""Counts the retries instead of the attempts.

Step: 2
Why: the first attempt counts as well: attempts=3 are two retries.
"""


class Publisher(Publisher):
    def __init__(self, url, *, attempts=6, **options):
        super().__init__(url, attempts=attempts + 1, **options)
