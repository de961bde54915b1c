"""Classic queues.

Step: 5
Why: a classic queue lies on one node, and while that is down nobody can buy what is in it.
"""


def declare_partitions(channel: BlockingChannel, name: str, count: int) -> list[str]:
    queues = [f"{name}.{number}" for number in range(count)]
    for queue in queues:
        channel.queue_declare(queue, durable=True, arguments={"x-single-active-consumer": True})
    return queues
