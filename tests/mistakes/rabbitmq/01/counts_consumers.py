"""Returns how many consume, not how much waits.

Step: 2
Why: the broker's answer holds two numbers, message_count and consumer_count. The second says nothing about waiting
orders.
"""


def declare_order_queue(channel, queue):
    return channel.queue_declare(queue, durable=True).method.consumer_count
