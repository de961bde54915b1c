"""Takes a small number for a high priority.

Step: 1
Why: for RabbitMQ the highest number is the most urgent one, and 0, which is also what a job without a priority has,
goes last.
"""


def submit(channel, queue, job, *, priority=0, ttl=None):
    expiration = None if ttl is None else str(round(ttl * 1000))
    properties = BasicProperties(delivery_mode=2, priority=max(0, 5 - priority), expiration=expiration)
    channel.basic_publish("", queue, job, properties)
