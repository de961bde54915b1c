"""Does not declare the dead-letter queue.

Step: 2
Why: what is dead-lettered to a queue that does not exist is dropped, without a word.
"""


def declare_work_queue(channel, queue, *, max_priority=None, message_ttl=None, dead_letter_queue=None):
    arguments = {}
    if max_priority is not None:
        arguments["x-max-priority"] = max_priority
    if message_ttl is not None:
        arguments["x-message-ttl"] = round(message_ttl * 1000)
    if dead_letter_queue is not None:
        arguments["x-dead-letter-exchange"] = ""
        arguments["x-dead-letter-routing-key"] = dead_letter_queue
    channel.queue_declare(queue, durable=True, arguments=arguments)
