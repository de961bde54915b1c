"""Gives each message the whole time-out.

Step: 6
Why: With a time-out for each message, a slow trickle keeps the caller waiting for ever. One deadline is for all.
"""


async def collect(url, subject, count, timeout, ready=None):
    async with _connected(url) as connection:
        subscription = await connection.subscribe(subject)
        await _registered(connection)
        if ready:
            ready.set()
        received = []
        with suppress(TimeoutError):
            while len(received) < count:
                received.append(_decode(await subscription.next_msg(timeout=timeout)))
        return received
