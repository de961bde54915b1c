"""Commits the offset of the last order instead of the next one.

Step: 10
Why: A committed offset is where the group goes on, so it is the last offset plus one. Otherwise each call returns the last order of the one before again.
"""


def resume_orders(bootstrap_servers, topic, group, max_orders):
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap_servers, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False
    )
    with closing(consumer):
        consumer.partitions_for_topic(topic)
        consumer.subscribe([topic])
        orders, taken = [], {}
        while len(orders) < max_orders and not _at_the_ends(consumer):
            for partition, records in consumer.poll(timeout_ms=500, max_records=max_orders - len(orders)).items():
                orders += [json.loads(record.value) for record in records]
                taken[partition] = OffsetAndMetadata(records[-1].offset, "", -1)
        if taken:
            consumer.commit(taken)
        return orders
