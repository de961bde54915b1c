"""Connects with the client's defaults.

Step: 3
Why: The defaults try 60 times with two seconds in between: two minutes until the caller hears that nobody is there.
"""


@asynccontextmanager
async def _connected(url):
    connection = await nats.connect(url)
    try:
        yield connection
    finally:
        await connection.close()
