"""Leaves auto commit on and returns the first few of a poll.

Step: 10
Why: Auto commit commits the position, which is behind everything that poll() fetched: what was fetched and not returned is lost for the group. close() commits too.
"""


def resume_orders(bootstrap_servers, topic, group, max_orders):
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap_servers, group_id=group, auto_offset_reset="earliest", enable_auto_commit=True
    )
    with closing(consumer):
        consumer.partitions_for_topic(topic)
        consumer.subscribe([topic])
        orders = []
        while len(orders) < max_orders and not _at_the_ends(consumer):
            for records in consumer.poll(timeout_ms=500).values():
                orders += [json.loads(record.value) for record in records]
        return orders[:max_orders]
