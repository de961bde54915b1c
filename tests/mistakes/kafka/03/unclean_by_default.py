"""Leaves unclean elections to the brokers.

Step: 4
Why: These brokers allow them: availability is their default. A replica that lacks acknowledged records could lead, and they would be gone.
"""


def create_replicated(bootstrap_servers, name, partitions, replication_factor, min_in_sync):
    if not 1 <= min_in_sync <= replication_factor:
        raise ValueError(min_in_sync)
    if min_in_sync == replication_factor > 1:
        raise ValueError(min_in_sync)
    settings = {"min.insync.replicas": str(min_in_sync)}
    with closing(_admin(bootstrap_servers)) as admin:
        admin.create_topics([NewTopic(name, partitions, replication_factor, topic_configs=settings)])
