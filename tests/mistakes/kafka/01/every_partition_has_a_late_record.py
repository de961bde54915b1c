"""Starts at 0 where there is no record that late.

Step: 12
Why: offsets_for_times gives None for a partition whose records are all earlier. That partition has nothing to replay; 0 would replay all of it.
"""


def replay_since(bootstrap_servers, topic, timestamp_ms):
    with closing(_consumer(bootstrap_servers)) as consumer:
        partitions = _partitions(consumer, topic)
        found = consumer.offsets_for_times(dict.fromkeys(partitions, timestamp_ms))
        consumer.assign(partitions)
        for partition in partitions:
            consumer.seek(partition, found[partition].offset if found[partition] else 0)
        return _read_to(consumer, consumer.end_offsets(partitions), _DEADLINE)
