"""Messages that are not persistent.

Step: 5
Why: a quorum queue stores them all the same, the next queue that they are moved to (a dead letter queue, say) may not.
"""


def send(channel: BlockingChannel, name: str, count: int, key: str, body: bytes) -> str:
    digest = hashlib.sha256(key.encode()).digest()
    queue = f"{name}.{int.from_bytes(digest[:8], 'big') % count}"
    channel.basic_publish("", queue, body)
    return queue
