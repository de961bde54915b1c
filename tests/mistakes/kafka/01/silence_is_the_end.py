"""Takes a moment of silence for the end of the topic.

Step: 8
Why: consumer_timeout_ms ends the loop when nothing comes for a while: an empty topic makes it wait, and while others write it never ends. The end of a topic is a number: end_offsets tells it.
"""


def read_orders(bootstrap_servers, topic, timeout=10.0):
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=bootstrap_servers,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        consumer_timeout_ms=6000,
    )
    with closing(consumer):
        return [json.loads(record.value) for record in consumer]
