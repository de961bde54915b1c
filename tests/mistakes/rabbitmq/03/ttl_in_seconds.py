"""Takes the time to live for seconds.

Step: 2
Why: x-message-ttl and expiration count in milliseconds: with 90 in place of 90000 a job lives for a tenth of a
second.
"""


def declare_work_queue(channel, queue, *, max_priority=None, message_ttl=None, dead_letter_queue=None):
    arguments = {}
    if max_priority is not None:
        arguments["x-max-priority"] = max_priority
    if message_ttl is not None:
        arguments["x-message-ttl"] = round(message_ttl)
    if dead_letter_queue is not None:
        channel.queue_declare(dead_letter_queue, durable=True)
        arguments["x-dead-letter-exchange"] = ""
        arguments["x-dead-letter-routing-key"] = dead_letter_queue
    channel.queue_declare(queue, durable=True, arguments=arguments)


def submit(channel, queue, job, *, priority=0, ttl=None):
    expiration = None if ttl is None else str(round(ttl))
    properties = BasicProperties(delivery_mode=2, priority=priority, expiration=expiration)
    channel.basic_publish("", queue, job, properties)
