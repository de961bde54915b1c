"""Sends Python's own notation.

Step: 3
Why: str(order) has single quotes, True and None: only Python can read that, and only with eval().
"""


def send_order(channel, queue, order):
    message_id = str(uuid.uuid4())
    properties = BasicProperties(
        content_type="application/json", delivery_mode=2, message_id=message_id, timestamp=int(time.time())
    )
    channel.basic_publish("", queue, str(order).encode(), properties)
    return message_id
