"""Adds partitions when the topic has fewer.

Step: 2
Why: With more partitions the same key goes elsewhere: the orders of one customer are then spread, and their order is lost. That is for a person to decide.
"""


_create = create_topic


def create_topic(bootstrap_servers, name, partitions=1, replication_factor=1, retention_ms=None):
    try:
        return _create(bootstrap_servers, name, partitions, replication_factor, retention_ms)
    except ValueError:
        with closing(KafkaAdminClient(bootstrap_servers=bootstrap_servers)) as admin:
            admin.create_partitions({name: partitions})
        return False
