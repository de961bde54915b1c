"""Declares a queue that goes with its last consumer.

Step: 2
Why: an auto-delete queue is deleted when its last consumer leaves, with all messages that wait in it.
"""


def declare_order_queue(channel, queue):
    return channel.queue_declare(queue, durable=True, auto_delete=True).method.message_count
