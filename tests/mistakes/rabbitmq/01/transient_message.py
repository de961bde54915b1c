"""Sends messages that the broker keeps in memory only.

Step: 3
Why: without delivery_mode 2 a message is transient: a restart drops it, even from a durable queue.
"""


def send_order(channel, queue, order):
    message_id = str(uuid.uuid4())
    properties = BasicProperties(content_type="application/json", message_id=message_id, timestamp=int(time.time()))
    channel.basic_publish("", queue, json.dumps(order).encode(), properties)
    return message_id
