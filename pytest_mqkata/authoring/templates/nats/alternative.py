"""$title, with draining in the place of flush and close."""

import nats


async def publish(url, subject, data):
    connection = await nats.connect(servers=[url])
    await connection.publish(subject=subject, payload=data)
    await connection.drain()
