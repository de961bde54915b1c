"""Takes what the first poll with records gives for the whole piece.

Step: 11
Why: max_records is a limit, no promise. A poll may return the end of one partition and nothing of the next: go on until the piece is full or every partition is at its end.
"""


def resume_orders(bootstrap_servers, topic, group, max_orders):
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap_servers, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False
    )
    with closing(consumer):
        consumer.partitions_for_topic(topic)
        consumer.subscribe([topic])
        orders, taken = [], {}
        while not orders and not _at_the_ends(consumer):
            for partition, records in consumer.poll(timeout_ms=500, max_records=max_orders).items():
                orders += [json.loads(record.value) for record in records]
                taken[partition] = OffsetAndMetadata(records[-1].offset + 1, "", -1)
                break
        if taken:
            consumer.commit(taken)
        return orders
