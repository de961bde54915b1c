"""Declares a queue that does not survive a restart.

Step: 2
Why: durable is False by default. After a restart of the broker the queue is gone, and the persistent messages in it
too.
"""


def declare_order_queue(channel, queue):
    return channel.queue_declare(queue).method.message_count
