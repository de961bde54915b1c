"""Forgets to publish.

Step: 1
Why: a function that returns has promised something; here nothing reached the broker.
"""


def publish(bootstrap_servers, topic, value):
    return 0
