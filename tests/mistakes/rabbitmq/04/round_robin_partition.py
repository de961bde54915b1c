"""Takes the partitions in turn.

Step: 5
Why: that spreads the load, and tears the messages of one key apart: their order is lost.
"""

import itertools as _itertools

_turn = _itertools.count()


def send(channel: BlockingChannel, name: str, count: int, key: str, body: bytes) -> str:
    queue = f"{name}.{next(_turn) % count}"
    channel.basic_publish("", queue, body, BasicProperties(delivery_mode=DeliveryMode.Persistent))
    return queue
