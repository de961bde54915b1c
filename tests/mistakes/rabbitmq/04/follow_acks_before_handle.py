"""Acknowledges before the work is done.

Step: 6
Why: what was acknowledged and not handled is lost when the program or its connection dies in between.
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
    while True:
        connection = connect_any(urls, timeout=reconnect_timeout)
        try:
            channel, messages = _subscribe(connection, queue, idle_timeout)
            while message := _next(messages):
                tag, body = message
                _ack(channel, tag)
                acked += 1
                handle(body)
            return acked
        except _Lost:
            time.sleep(_RETRY_PAUSE)
        finally:
            with contextlib.suppress(AMQPError):
                connection.close()
