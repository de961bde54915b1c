"""Encodes the text as Latin-1.

Step: 3
Why: JSON between programs is UTF-8. In Latin-1 an umlaut becomes a byte that a receiver cannot decode, and other
letters become question marks.
"""


def send_order(channel, queue, order):
    message_id = str(uuid.uuid4())
    properties = BasicProperties(
        content_type="application/json", delivery_mode=2, message_id=message_id, timestamp=int(time.time())
    )
    body = json.dumps(order, ensure_ascii=False).encode("latin-1", errors="replace")
    channel.basic_publish("", queue, body, properties)
    return message_id
