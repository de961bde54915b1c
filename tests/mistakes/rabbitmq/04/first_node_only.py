"""Knows three nodes, and asks the first.

Step: 3
Why: three nodes are worth nothing to a program that knows one. It must try the next when the first does not answer.
"""


def connect_any(urls: Sequence[str], *, timeout: float = 10.0) -> BlockingConnection:
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        with contextlib.suppress(AMQPError, AMQPConnectorException, OSError):
            return BlockingConnection(_patient_until(end, urls[0]))
        time.sleep(_RETRY_PAUSE)
    raise ClusterUnavailable
