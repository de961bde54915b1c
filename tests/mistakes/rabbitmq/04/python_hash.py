"""Python's own hash().

Step: 5
Why: hash() of a text differs from process to process, so two programs send the same key to different partitions.
"""


def send(channel: BlockingChannel, name: str, count: int, key: str, body: bytes) -> str:
    queue = f"{name}.{hash(key) % count}"
    channel.basic_publish("", queue, body, BasicProperties(delivery_mode=DeliveryMode.Persistent))
    return queue
