"""Asks for at-least-once dead letters, and leaves the overflow as it is.

Step: 1
Why: the broker takes the declaration, writes a warning into its log, and moves dead letters at most once, as ever.
"""


def declare_ha_queue(channel, queue, *, replicas=3, delivery_limit=None, dead_letter_queue=None):
    arguments = {"x-queue-type": "quorum", "x-quorum-initial-group-size": replicas}
    if delivery_limit is not None:
        arguments["x-delivery-limit"] = delivery_limit
    if dead_letter_queue is not None:
        declare_ha_queue(channel, dead_letter_queue, replicas=replicas)
        arguments["x-dead-letter-exchange"] = ""
        arguments["x-dead-letter-routing-key"] = dead_letter_queue
        arguments["x-dead-letter-strategy"] = "at-least-once"
    channel.queue_declare(queue, durable=True, arguments=arguments)
