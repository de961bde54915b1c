"""Changes what it was given.

Step: 1
Why: the bytes belong to those who publish and subscribe; what stands between hands them on as they are.
"""


async def publish(url, subject, data):
    connection = await nats.connect(url)
    await connection.publish(subject, repr(data).encode())
    await connection.close()
