"""Takes auto_delete for exclusive.

Step: 3
Why: an auto-delete queue goes when its last consumer leaves. A dashboard that goes away before it has consumed
leaves the queue behind; and others may read from it.
"""


def listen_live(channel, exchange, routing_key=""):
    queue = channel.queue_declare("", auto_delete=True).method.queue
    channel.queue_bind(queue, exchange, routing_key)
    return queue
