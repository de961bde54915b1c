"""Gives up with whatever pika raised last.

Step: 3
Why: callers look for ClusterUnavailable; pika has half a dozen errors for "no node", and some are not even AMQPErrors.
"""


def connect_any(urls: Sequence[str], *, timeout: float = 10.0) -> BlockingConnection:
    end = time.monotonic() + timeout
    while True:
        for url in urls:
            try:
                return BlockingConnection(_patient_until(end, url))
            except (AMQPError, AMQPConnectorException, OSError):
                if time.monotonic() >= end:
                    raise
        time.sleep(_RETRY_PAUSE)
