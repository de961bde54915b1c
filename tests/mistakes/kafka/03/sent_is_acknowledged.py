"""Takes "sent" for "acknowledged".

Step: 6
Why: send() puts a record into a buffer. What became of it only its future knows.
"""


def send_safely(producer, topic, readings, deadline):
    sent = []
    for reading in readings:
        with suppress(KafkaError):
            producer.send(topic, key=reading[0], value=reading[1])
            sent.append(reading)
    with suppress(KafkaError):
        producer.flush(deadline)
    return sent
