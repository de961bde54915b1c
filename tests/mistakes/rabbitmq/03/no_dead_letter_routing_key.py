"""Names the default exchange for dead letters, and no routing key.

Step: 2
Why: a dead letter keeps its routing key, and that is the name of the queue that it died in: the default exchange
sends it back there, where the broker sees the circle and drops it.
"""


def declare_work_queue(channel, queue, *, max_priority=None, message_ttl=None, dead_letter_queue=None):
    arguments = {}
    if max_priority is not None:
        arguments["x-max-priority"] = max_priority
    if message_ttl is not None:
        arguments["x-message-ttl"] = round(message_ttl * 1000)
    if dead_letter_queue is not None:
        channel.queue_declare(dead_letter_queue, durable=True)
        arguments["x-dead-letter-exchange"] = ""
    channel.queue_declare(queue, durable=True, arguments=arguments)
