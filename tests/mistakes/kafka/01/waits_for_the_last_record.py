"""Waits for the record with the last offset.

Step: 15
Why: The last offset of a partition may be a transaction's marker, which no consumer ever returns. Ask position(), which steps over it.
"""


def _read_to(consumer, ends, timeout):
    orders = []
    left = {partition for partition, end in ends.items() if end > consumer.position(partition)}
    deadline = time.monotonic() + timeout
    while left:
        if time.monotonic() > deadline:
            raise TimeoutError("the last record did not come")
        for partition, records in consumer.poll(timeout_ms=200).items():
            orders += [json.loads(one.value) for one in records if one.offset < ends[partition]]
            if records[-1].offset >= ends[partition] - 1:
                left.discard(partition)
    return orders
