"""The idle time runs from the beginning.

Step: 6
Why: a queue that gets a message now and then would be left alone after idle_timeout, although it was never idle that long.
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
    end = time.monotonic() + idle_timeout
    connection = connect_any(urls, timeout=reconnect_timeout)
    try:
        channel, messages = _subscribe(connection, queue, 0.05)
        while time.monotonic() < end:
            if message := _next(messages):
                tag, body = message
                handle(body)
                _ack(channel, tag)
                acked += 1
    finally:
        with contextlib.suppress(AMQPError):
            connection.close()
    return acked
