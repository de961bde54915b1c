"""Wants at least two in sync, always.

Step: 4
Why: A scratch topic of one replica is allowed: 1 of 1.
"""


def create_replicated(bootstrap_servers, name, partitions, replication_factor, min_in_sync):
    if not 1 <= min_in_sync <= replication_factor:
        raise ValueError(min_in_sync)
    if min_in_sync < 2:
        raise ValueError(min_in_sync)
    if min_in_sync == replication_factor > 1:
        raise ValueError(min_in_sync)
    settings = {"min.insync.replicas": str(min_in_sync), "unclean.leader.election.enable": "false"}
    with closing(_admin(bootstrap_servers)) as admin:
        admin.create_topics([NewTopic(name, partitions, replication_factor, topic_configs=settings)])
