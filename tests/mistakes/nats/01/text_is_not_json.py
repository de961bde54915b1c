"""Writes str(event), Python's notation.

Step: 1
Why: str() gives single quotes, None and True: no JSON parser reads it.
"""


async def publish_event(url, subject, event, headers=None):
    async with _connected(url) as connection:
        await connection.publish(subject, str(event).encode(), headers=dict(headers) if headers else None)
        await connection.flush()
