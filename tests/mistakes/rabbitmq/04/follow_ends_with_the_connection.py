"""Ends when the connection is lost.

Step: 6
Why: what was not acknowledged is back in the queue, and nobody handles it: connect to another node and go on.
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
    connection = connect_any(urls, timeout=reconnect_timeout)
    try:
        channel, messages = _subscribe(connection, queue, idle_timeout)
        while message := _next(messages):
            tag, body = message
            handle(body)
            _ack(channel, tag)
            acked += 1
    except _Lost:
        pass
    finally:
        with contextlib.suppress(AMQPError):
            connection.close()
    return acked
