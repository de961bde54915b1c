"""Forgets to publish.

Step: 1
Why: a function that returns has promised something; here nothing reached the server.
"""


async def publish(url, subject, data):
    pass
