"""Returns before the server has the event.

Step: 2
Why: publish() only fills the client's buffer. A round trip, flush(), is a promise about everything that was sent before it.
"""


_open = set()


async def publish_event(url, subject, event, headers=None):
    connection = await nats.connect(url, max_reconnect_attempts=1, reconnect_time_wait=0.1)
    await connection.publish(subject, json.dumps(event).encode(), headers=dict(headers) if headers else None)
    task = asyncio.ensure_future(connection.drain())
    _open.add(task)
    task.add_done_callback(_open.discard)
