"""Tries each node once, and gives up.

Step: 3
Why: a cluster that is just starting, or electing, answers a moment later; who gives up after one round is down for longer
than the cluster was.
"""


def connect_any(urls: Sequence[str], *, timeout: float = 10.0) -> BlockingConnection:
    end = time.monotonic() + timeout
    for url in urls:
        with contextlib.suppress(AMQPError, AMQPConnectorException, OSError):
            return BlockingConnection(_patient_until(end, url))
    raise ClusterUnavailable
