"""Encodes the key as Latin-1.

Step: 13
Why: Latin-1 knows 256 characters, and customers have names in all scripts. UTF-8 knows them all, and every client expects it.
"""


def publish_orders(bootstrap_servers, topic, orders):
    with closing(KafkaProducer(bootstrap_servers=bootstrap_servers)) as producer:
        futures = [
            producer.send(
                topic,
                key=order["customer"].encode("latin-1"),
                value=json.dumps(order).encode(),
                headers=[("content-type", b"application/json")],
            )
            for order in orders
        ]
        return [(one.partition, one.offset) for one in (future.get(timeout=30) for future in futures)]
