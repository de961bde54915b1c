"""The key's length decides.

Step: 5
Why: keys that look alike all go to one partition, and the others have nothing to do; a hash of the whole key spreads them.
"""


def send(channel: BlockingChannel, name: str, count: int, key: str, body: bytes) -> str:
    queue = f"{name}.{len(key) % count}"
    channel.basic_publish("", queue, body, BasicProperties(delivery_mode=DeliveryMode.Persistent))
    return queue
