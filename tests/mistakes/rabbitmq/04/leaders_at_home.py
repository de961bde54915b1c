"""Says nothing about where the leaders are to be.

Step: 5
Why: by default a queue's leader is on the node where it was declared: one node does all the work, two watch. (From 4.x on
the default is balanced; up to there it has to be asked for.)
"""


def declare_partitions(channel: BlockingChannel, name: str, count: int) -> list[str]:
    arguments = {
        "x-queue-type": "quorum",
        "x-single-active-consumer": True,
        "x-queue-leader-locator": "client-local",
    }
    queues = [f"{name}.{number}" for number in range(count)]
    for queue in queues:
        channel.queue_declare(queue, durable=True, arguments=arguments)
    return queues
