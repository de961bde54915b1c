"""Has one wait queue, and an expiration for each message.

Step: 5
Why: a message expires only at the head of its queue: one that waits long holds up all behind it.
"""


def declare_retry(channel, queue, delays):
    channel.queue_declare(queue, durable=True)
    channel.queue_declare(_parked(queue), durable=True)
    arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": queue}
    channel.queue_declare(_waiting(queue, 1), durable=True, arguments=arguments)


def _failed(properties, failures, error, _plain=_failed):
    copied = _plain(properties, failures, error)
    copied.expiration = "150"
    return copied
