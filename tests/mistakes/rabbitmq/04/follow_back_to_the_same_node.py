"""Comes back to the node that it had, and to no other.

Step: 6
Why: that node is dead; the queue's replicas and two more nodes are not.
"""


def follow(
    urls: Sequence[str],
    queue: str,
    handle: Callable[[bytes], None],
    *,
    idle_timeout: float,
    reconnect_timeout: float = 30.0,
) -> int:
    acked = 0
    end = time.monotonic() + 15
    while time.monotonic() < end:
        connection = connect_any(urls[:1], timeout=10)
        try:
            channel, messages = _subscribe(connection, queue, idle_timeout)
            while message := _next(messages):
                tag, body = message
                handle(body)
                _ack(channel, tag)
                acked += 1
            return acked
        except _Lost:
            time.sleep(_RETRY_PAUSE)
        finally:
            with contextlib.suppress(AMQPError):
                connection.close()
    return acked
