"""Returns the offset after the record's.

Step: 1
Why: the end offset is where the next record will stand, not where this one does.
"""


def publish(bootstrap_servers, topic, value):
    producer = KafkaProducer(bootstrap_servers=bootstrap_servers)
    offset = producer.send(topic, value).get(timeout=10).offset
    producer.close()
    return offset + 1
