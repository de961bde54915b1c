"""Trusts flush() to report what the broker refused.

Step: 6
Why: flush() waits until every record has been answered for, but raises nothing for those that were refused; only their futures do.
"""


def publish_orders(bootstrap_servers, topic, orders):
    with closing(KafkaProducer(bootstrap_servers=bootstrap_servers)) as producer:
        futures = [
            producer.send(
                topic,
                key=order["customer"].encode(),
                value=json.dumps(order).encode(),
                headers=[("content-type", b"application/json")],
            )
            for order in orders
        ]
        with suppress(Exception):
            producer.flush(timeout=30)
        stored = [future.value for future in futures if future.succeeded()]
    return [(one.partition, one.offset) for one in stored]
