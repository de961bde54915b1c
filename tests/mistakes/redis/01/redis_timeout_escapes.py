"""Lets redis-py's own TimeoutError out.

Step: 2
Why: redis.TimeoutError is not the builtin TimeoutError: a caller who catches what the docstring promises does not catch it.
"""


class Subscription(Subscription):
    def __init__(self, url: str, *channels: str, timeout: float = 5.0) -> None:
        try:
            super().__init__(url, *channels, timeout=timeout)
        except TimeoutError as error:
            if isinstance(error.__cause__, redis.TimeoutError):
                raise error.__cause__
            raise
