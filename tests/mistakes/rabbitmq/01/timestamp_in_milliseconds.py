"""Counts the time in milliseconds.

Step: 3
Why: AMQP's timestamp is in whole seconds. Milliseconds are read as a day in the far future.
"""


def send_order(channel, queue, order):
    message_id = str(uuid.uuid4())
    properties = BasicProperties(
        content_type="application/json", delivery_mode=2, message_id=message_id, timestamp=int(time.time() * 1000)
    )
    channel.basic_publish("", queue, json.dumps(order).encode(), properties)
    return message_id
