"""Commits without saying what.

Step: 10
Why: commit() without arguments commits the position, behind everything that poll() returned, also behind the orders that were cut off. The group never sees those.
"""


def resume_orders(bootstrap_servers, topic, group, max_orders):
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap_servers, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False
    )
    with closing(consumer):
        consumer.partitions_for_topic(topic)
        consumer.subscribe([topic])
        orders = []
        while len(orders) < max_orders and not _at_the_ends(consumer):
            for records in consumer.poll(timeout_ms=500).values():
                orders += [json.loads(record.value) for record in records]
        consumer.commit()
        return orders[:max_orders]
