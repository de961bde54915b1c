"""Takes one poll for the whole topic.

Step: 7
Why: A poll returns at most max_poll_records (500), and fewer when less has arrived yet. Poll until the position is at the end.
"""


def read_orders(bootstrap_servers, topic, timeout=10.0):
    with closing(_consumer(bootstrap_servers)) as consumer:
        partitions = _partitions(consumer, topic)
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        if not any(consumer.end_offsets(partitions).values()):
            return []
        batches = consumer.poll(timeout_ms=int(timeout * 1000))
        return [json.loads(record.value) for records in batches.values() for record in records]
