"""Lets waiting messages expire to nowhere.

Step: 5
Why: without x-dead-letter-exchange and the queue's name as routing key an expired message is simply dropped.
"""


def declare_retry(channel, queue, delays):
    channel.queue_declare(queue, durable=True)
    channel.queue_declare(_parked(queue), durable=True)
    for number, delay in enumerate(delays, start=1):
        channel.queue_declare(_waiting(queue, number), durable=True, arguments={"x-message-ttl": round(delay * 1000)})
