"""Declares the queues and binds none.

Step: 2
Why: an exchange knows its bindings, not the queues. A queue that is not bound gets nothing, and nobody complains.
"""


def declare_fanout(channel, exchange, subscribers):
    channel.exchange_declare(exchange, "fanout", durable=True)
    for subscriber in subscribers:
        channel.queue_declare(f"{exchange}.{subscriber}", durable=True)
