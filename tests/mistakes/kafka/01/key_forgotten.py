"""Writes the orders without a key.

Step: 5
Why: without a key each record goes to any partition, and the orders of one customer are no longer read in the order in which they were written.
"""


def publish_orders(bootstrap_servers, topic, orders):
    with closing(KafkaProducer(bootstrap_servers=bootstrap_servers)) as producer:
        futures = [
            producer.send(
                topic, value=json.dumps(order).encode(), headers=[("content-type", b"application/json")]
            )
            for order in orders
        ]
        return [(one.partition, one.offset) for one in (future.get(timeout=30) for future in futures)]
