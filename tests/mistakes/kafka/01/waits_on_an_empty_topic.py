"""Polls once for the whole time before it looks whether there is anything.

Step: 8
Why: an empty topic makes the first poll wait until its time is over. Compare position and end first: when they are equal, there is nothing to wait for.
"""


def read_orders(bootstrap_servers, topic, timeout=10.0):
    with closing(_consumer(bootstrap_servers)) as consumer:
        partitions = _partitions(consumer, topic)
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        orders = []
        deadline = time.monotonic() + timeout
        while True:
            for partition, records in consumer.poll(timeout_ms=int(timeout * 500)).items():
                orders += [json.loads(record.value) for record in records if record.offset < ends[partition]]
            if all(consumer.position(one) >= end for one, end in ends.items()):
                return orders
            if time.monotonic() > deadline:
                raise TimeoutError("the end was not reached")
