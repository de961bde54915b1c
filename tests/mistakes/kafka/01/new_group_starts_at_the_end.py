"""Leaves a new group at the end of the topic.

Step: 10
Why: auto_offset_reset is "latest" unless one says otherwise: a group without a committed offset then starts behind all that is there.
"""


def resume_orders(bootstrap_servers, topic, group, max_orders):
    consumer = KafkaConsumer(bootstrap_servers=bootstrap_servers, group_id=group, enable_auto_commit=False)
    with closing(consumer):
        consumer.partitions_for_topic(topic)
        consumer.subscribe([topic])
        orders, taken = [], {}
        while len(orders) < max_orders and not _at_the_ends(consumer):
            for partition, records in consumer.poll(timeout_ms=500, max_records=max_orders - len(orders)).items():
                orders += [json.loads(record.value) for record in records]
                taken[partition] = OffsetAndMetadata(records[-1].offset + 1, "", -1)
        if taken:
            consumer.commit(taken)
        return orders
