"""What tests and scripts hold of real brokers: handles with isolation, faults and evidence. No pytest in here."""

TITLES = {"rabbitmq": "RabbitMQ", "kafka": "Kafka", "nats": "NATS", "redis": "Redis"}
"""Every broker, by the name that folders, fixtures and the command line use, with the name that people use."""
