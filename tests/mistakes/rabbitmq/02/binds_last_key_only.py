"""Binds each queue with its last key only.

Step: 1
Why: a queue has as many bindings as it has keys. With the call to queue_bind behind the loop over the keys, not in
it, only the last one is made.
"""


def _declare_bound(channel, queue, exchange, keys, arguments=None):
    channel.queue_declare(queue, durable=True)
    key = None
    for key in keys:
        pass
    if key is not None:
        channel.queue_bind(queue, exchange, key, arguments)
