"""Makes the message_id from the content.

Step: 3
Why: a customer who orders the same thing twice sends two equal orders. With one id for both, one of them looks like a
repetition and is thrown away.
"""


def send_order(channel, queue, order):
    body = json.dumps(order, ensure_ascii=False).encode()
    message_id = str(uuid.uuid5(uuid.NAMESPACE_URL, body.decode()))
    properties = BasicProperties(
        content_type="application/json", delivery_mode=2, message_id=message_id, timestamp=int(time.time())
    )
    channel.basic_publish("", queue, body, properties)
    return message_id
