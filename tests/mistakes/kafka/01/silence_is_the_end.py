"""Takes a moment of silence for the end of the topic.

Step: 9
Why: consumer_timeout_ms ends the loop when nothing comes for a while. While others write, that never happens. The end of a topic is a number, and end_offsets tells it.
"""


def read_orders(bootstrap_servers, topic, timeout=10.0):
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=bootstrap_servers,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        consumer_timeout_ms=1500,
    )
    with closing(consumer):
        return [json.loads(record.value) for record in consumer]
