"""Returns all that has come, not the first ones.

Step: 4
Why: Between two looks more messages may have arrived than were asked for.
"""


async def collect(url, subject, count, timeout, ready=None):
    async with _connected(url) as connection:
        received = []

        async def keep(message):
            received.append(_decode(message))

        await connection.subscribe(subject, cb=keep)
        await _registered(connection)
        if ready:
            ready.set()
        end = asyncio.get_running_loop().time() + timeout
        while len(received) < count and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.2)
        return received
