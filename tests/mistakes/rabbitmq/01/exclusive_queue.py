"""Declares a queue for its own connection only.

Step: 2
Why: an exclusive queue belongs to the connection that declared it: nobody else can use it, and it is deleted with the
connection.
"""


def declare_order_queue(channel, queue):
    return channel.queue_declare(queue, durable=True, exclusive=True).method.message_count
