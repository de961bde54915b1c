"""Gives the jobs a priority, and the queue none.

Step: 1
Why: a queue looks at priorities only if it was declared with x-max-priority; any other one is first come, first
served.
"""


def declare_work_queue(channel, queue, *, max_priority=None, message_ttl=None, dead_letter_queue=None):
    arguments = {}
    if message_ttl is not None:
        arguments["x-message-ttl"] = round(message_ttl * 1000)
    if dead_letter_queue is not None:
        channel.queue_declare(dead_letter_queue, durable=True)
        arguments["x-dead-letter-exchange"] = ""
        arguments["x-dead-letter-routing-key"] = dead_letter_queue
    channel.queue_declare(queue, durable=True, arguments=arguments)
