"""Reads everything as a member of a group with a new name each time.

Step: 7
Why: it works, and leaves a group behind at the broker with each call; with auto commit its offsets too. Who only reads assigns partitions and needs no group.
"""

import uuid


def read_orders(bootstrap_servers, topic, timeout=10.0):
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        group_id=f"reader-{uuid.uuid4()}",
        auto_offset_reset="earliest",
    )
    with closing(consumer):
        consumer.partitions_for_topic(topic)
        consumer.subscribe([topic])
        orders = []
        deadline = time.monotonic() + timeout
        while not _at_the_ends(consumer):
            if time.monotonic() > deadline:
                raise TimeoutError("the end was not reached")
            for records in consumer.poll(timeout_ms=500).values():
                orders += [json.loads(record.value) for record in records]
        return orders
