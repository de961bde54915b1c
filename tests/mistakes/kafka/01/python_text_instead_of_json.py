"""Writes str(order), which is Python's notation.

Step: 5
Why: str() gives single quotes, None and True, which no JSON parser reads. json.dumps gives JSON.
"""


def publish_orders(bootstrap_servers, topic, orders):
    with closing(KafkaProducer(bootstrap_servers=bootstrap_servers)) as producer:
        futures = [
            producer.send(
                topic,
                key=order["customer"].encode(),
                value=str(order).encode(),
                headers=[("content-type", b"application/json")],
            )
            for order in orders
        ]
        return [(one.partition, one.offset) for one in (future.get(timeout=30) for future in futures)]
