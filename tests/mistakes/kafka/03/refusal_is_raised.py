"""Lets the error of a refused reading out.

Step: 6
Why: One bad reading of two thousand then hides what became of all the others.
"""


def send_safely(producer, topic, readings, deadline):
    end = time.monotonic() + deadline
    sent = [(reading, producer.send(topic, key=reading[0], value=reading[1])) for reading in readings]
    for _, future in sent:
        future.get(timeout=max(0.0, end - time.monotonic()))
    return [reading for reading, _ in sent]
