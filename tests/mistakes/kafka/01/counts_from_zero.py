"""Takes a partition's end offset for the number of its orders.

Step: 14
Why: Retention and deletion remove the oldest records; offsets are never given again. A partition may begin at 15.
"""


def read_orders(bootstrap_servers, topic, timeout=10.0):
    with closing(_consumer(bootstrap_servers)) as consumer:
        partitions = _partitions(consumer, topic)
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        wanted = sum(consumer.end_offsets(partitions).values())
        orders = []
        deadline = time.monotonic() + timeout
        while len(orders) < wanted:
            if time.monotonic() > deadline:
                raise TimeoutError("not all orders came")
            for records in consumer.poll(timeout_ms=200).values():
                orders += [json.loads(record.value) for record in records]
        return orders[:wanted]
