"""Takes every error for "it exists already".

Step: 3
Why: A bad name or too few brokers is not an existing topic. Catch the one error that you mean.
"""


def create_topic(bootstrap_servers, name, partitions=1, replication_factor=1, retention_ms=None):
    settings = {} if retention_ms is None else {"retention.ms": str(retention_ms)}
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap_servers)) as admin:
        try:
            admin.create_topics([NewTopic(name, partitions, replication_factor, topic_configs=settings)])
            created = True
        except Exception:
            created = False
        try:
            found = _leaders(admin, name)
        except Exception:
            return False
        if not created and len(found) != partitions:
            raise ValueError(name)
        if created:
            _wait_for_leaders(admin, name, partitions)
    return created
