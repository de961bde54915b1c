"""Declares a durable classic queue.

Step: 1
Why: durable means that the queue survives a restart of its node; as long as the node is away, so is the queue.
"""


def declare_ha_queue(channel, queue, *, replicas=3, delivery_limit=None, dead_letter_queue=None):
    arguments = {}
    if dead_letter_queue is not None:
        channel.queue_declare(dead_letter_queue, durable=True)
        arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead_letter_queue}
    channel.queue_declare(queue, durable=True, arguments=arguments)
