"""Takes seconds for milliseconds.

Step: 5
Why: x-message-ttl is in milliseconds; with int(delay) every delay below a second is no delay at all.
"""


def declare_retry(channel, queue, delays):
    channel.queue_declare(queue, durable=True)
    channel.queue_declare(_parked(queue), durable=True)
    for number, delay in enumerate(delays, start=1):
        arguments = {"x-message-ttl": int(delay), "x-dead-letter-exchange": "", "x-dead-letter-routing-key": queue}
        channel.queue_declare(_waiting(queue, number), durable=True, arguments=arguments)
