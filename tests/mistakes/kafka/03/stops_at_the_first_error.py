"""Stops at the first reading that fails.

Step: 6
Why: The others may well be stored; the caller sends them again, and they are there twice.
"""


def send_safely(producer, topic, readings, deadline):
    end = time.monotonic() + deadline
    acknowledged = []
    try:
        sent = [(reading, producer.send(topic, key=reading[0], value=reading[1])) for reading in readings]
        for reading, future in sent:
            future.get(timeout=max(0.0, end - time.monotonic()))
            acknowledged.append(reading)
    except KafkaError:
        pass
    return acknowledged
