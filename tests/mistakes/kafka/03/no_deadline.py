"""Waits for each reading until the producer gives it up.

Step: 7
Why: That is after two minutes, by default.
"""


def send_safely(producer, topic, readings, deadline):
    sent = []
    for reading in readings:
        with suppress(KafkaError):
            sent.append((reading, producer.send(topic, key=reading[0], value=reading[1])))
    acknowledged = []
    for reading, future in sent:
        with suppress(KafkaError):
            future.get()
            acknowledged.append(reading)
    return acknowledged
