"""Never closes its connection.

Step: 1
Why: A program that publishes a thousand events then holds a thousand connections; the server pays for each.
"""


async def publish_event(url, subject, event, headers=None):
    connection = await nats.connect(url, max_reconnect_attempts=1, reconnect_time_wait=0.1)
    await connection.publish(subject, json.dumps(event).encode(), headers=dict(headers) if headers else None)
    await connection.flush()
