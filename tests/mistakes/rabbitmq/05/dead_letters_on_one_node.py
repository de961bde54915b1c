"""Replicates the queue, and not the one for its dead letters.

Step: 1
Why: a payment that could not be booked is still a payment; it waits on a single node for somebody to look at it.
"""

_both = declare_ha_queue


def declare_ha_queue(channel, queue, *, replicas=3, delivery_limit=None, dead_letter_queue=None):
    if dead_letter_queue is None:
        return _both(channel, queue, replicas=replicas, delivery_limit=delivery_limit)
    channel.queue_declare(dead_letter_queue, durable=True)
    arguments = {
        "x-queue-type": "quorum",
        "x-quorum-initial-group-size": replicas,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead_letter_queue,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    if delivery_limit is not None:
        arguments["x-delivery-limit"] = delivery_limit
    channel.queue_declare(queue, durable=True, arguments=arguments)
