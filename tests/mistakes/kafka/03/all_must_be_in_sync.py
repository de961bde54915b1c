"""Allows that all replicas must be in sync.

Step: 4
Why: Then the first node that dies stops all writes, and more replicas make it worse.
"""


def create_replicated(bootstrap_servers, name, partitions, replication_factor, min_in_sync):
    if not 1 <= min_in_sync <= replication_factor:
        raise ValueError(min_in_sync)
    settings = {"min.insync.replicas": str(min_in_sync), "unclean.leader.election.enable": "false"}
    with closing(_admin(bootstrap_servers)) as admin:
        admin.create_topics([NewTopic(name, partitions, replication_factor, topic_configs=settings)])
