"""Works through one partition only.

Step: 11
Why: A topic is as many logs as it has partitions; a member of a group that is alone gets them all.
"""


def resume_orders(bootstrap_servers, topic, group, max_orders):
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap_servers, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False
    )
    with closing(consumer):
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        orders, taken = [], {}
        while len(orders) < max_orders and not _at_the_ends(consumer):
            for records in consumer.poll(timeout_ms=500, max_records=max_orders - len(orders)).values():
                orders += [json.loads(record.value) for record in records]
                taken[partition] = OffsetAndMetadata(records[-1].offset + 1, "", -1)
        if taken:
            consumer.commit(taken)
        return orders
