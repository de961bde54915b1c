"""What tests and scripts hold of real brokers: handles with isolation, faults and evidence. No pytest in here."""

TITLES = {"rabbitmq": "RabbitMQ", "kafka": "Kafka", "nats": "NATS", "redis": "Redis"}
"""Every broker, by the name that folders, fixtures and the command line use, with the name that people use."""

TOOLS = {"prometheus": "Prometheus"}
"""What some katas run beside a broker; found, fetched and started in the same way, but nothing is learnt of it."""


def title_of(name: str) -> str:
    """A broker's or a tool's name for people."""
    return {**TITLES, **TOOLS}[name]
