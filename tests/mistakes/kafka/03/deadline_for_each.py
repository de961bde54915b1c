"""Gives each reading the whole deadline.

Step: 7
Why: Four readings that nobody acknowledges then take four times as long as promised, and two thousand an hour.
"""


def send_safely(producer, topic, readings, deadline):
    sent = []
    for reading in readings:
        with suppress(KafkaError):
            sent.append((reading, producer.send(topic, key=reading[0], value=reading[1])))
    acknowledged = []
    for reading, future in sent:
        with suppress(KafkaError):
            future.get(timeout=deadline)
            acknowledged.append(reading)
    return acknowledged
