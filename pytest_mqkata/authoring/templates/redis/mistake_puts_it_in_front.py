"""Puts the message at the wrong end.

Step: 1
Why: who reads a list from the front gets the newest message first, and the order is lost.
"""


def publish(url, key, value):
    with Redis.from_url(url) as client:
        client.lpush(key, value)
