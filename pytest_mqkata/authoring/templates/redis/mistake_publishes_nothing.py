"""Forgets to publish.

Step: 1
Why: a function that returns has promised something; here nothing reached the server.
"""


def publish(url, key, value):
    pass
