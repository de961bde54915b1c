"""Any number of consumers at the same time.

Step: 5
Why: two programs that read the same partition handle two messages of one key at the same time, and the later may be first.
"""


def declare_partitions(channel: BlockingChannel, name: str, count: int) -> list[str]:
    arguments = {"x-queue-type": "quorum", "x-queue-leader-locator": "balanced"}
    queues = [f"{name}.{number}" for number in range(count)]
    for queue in queues:
        channel.queue_declare(queue, durable=True, arguments=arguments)
    return queues
