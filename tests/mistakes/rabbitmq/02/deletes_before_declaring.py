"""Deletes the queues first, so that they are declared anew.

Step: 1
Why: with the queue go the messages that wait in it. Declaring something that is there changes nothing, so there is
no need to delete it.
"""


def declare_direct(channel, exchange, routes):
    channel.exchange_declare(exchange, "direct", durable=True)
    for queue, keys in routes.items():
        channel.queue_delete(queue)
        _declare_bound(channel, queue, exchange, keys)
