"""Message queue katas on real brokers: a pytest plugin and the brokers behind it."""

__version__ = "0.1.0"
