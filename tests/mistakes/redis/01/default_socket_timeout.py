"""Has a deadline for the confirmations, and none for the connection.

Step: 2
Why: redis-py says HELLO when it connects and waits 5 s for the answer by default, whatever deadline your loop has afterwards.
"""

_with_limits = redis.Redis


class _Unlimited(redis.Redis):
    @classmethod
    def from_url(cls, url: str, **options: Any) -> Any:
        del options["socket_timeout"], options["socket_connect_timeout"]
        return _with_limits.from_url(url, **options)


class _Module:
    Redis = _Unlimited

    def __getattr__(self, name: str) -> Any:
        return getattr(_real, name)


_real, redis = redis, _Module()
