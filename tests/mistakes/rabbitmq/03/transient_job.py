"""Makes the queue durable, and the jobs transient.

Step: 1
Why: durable is only the queue; a job that is not persistent is gone after a restart of the broker.
"""


def submit(channel, queue, job, *, priority=0, ttl=None):
    expiration = None if ttl is None else str(round(ttl * 1000))
    properties = BasicProperties(priority=priority, expiration=expiration)
    channel.basic_publish("", queue, job, properties)
