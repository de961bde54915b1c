"""Drops the headers.

Step: 1
Why: Headers travel beside the body; publish() takes them as an argument of their own.
"""


async def publish_event(url, subject, event, headers=None):
    async with _connected(url) as connection:
        await connection.publish(subject, json.dumps(event).encode())
        await connection.flush()
