"""Uses one fanout exchange for the dead letters of all queues.

Step: 2
Why: a fanout exchange sends to all queues that are bound to it: each dead letter comes to every dead-letter queue.
"""


def declare_work_queue(channel, queue, *, max_priority=None, message_ttl=None, dead_letter_queue=None):
    arguments = {}
    if max_priority is not None:
        arguments["x-max-priority"] = max_priority
    if message_ttl is not None:
        arguments["x-message-ttl"] = round(message_ttl * 1000)
    if dead_letter_queue is not None:
        channel.queue_declare(dead_letter_queue, durable=True)
        channel.exchange_declare("dead-letters", "fanout", durable=True)
        channel.queue_bind(dead_letter_queue, "dead-letters")
        arguments["x-dead-letter-exchange"] = "dead-letters"
    channel.queue_declare(queue, durable=True, arguments=arguments)
