"""$title, in a transaction."""

from redis import Redis


def publish(url, key, value):
    client = Redis.from_url(url)
    try:
        with client.pipeline(transaction=True) as pipe:
            pipe.rpush(key, value)
            pipe.execute()
    finally:
        client.close()
