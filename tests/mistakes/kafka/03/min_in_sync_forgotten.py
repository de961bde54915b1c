"""Checks min_in_sync, and does not set it.

Step: 4
Why: acks=all means all that are in sync. When that is the leader alone, one copy is acknowledged, and one death loses it.
"""


def create_replicated(bootstrap_servers, name, partitions, replication_factor, min_in_sync):
    if not 1 <= min_in_sync <= replication_factor:
        raise ValueError(min_in_sync)
    if min_in_sync == replication_factor > 1:
        raise ValueError(min_in_sync)
    settings = {"unclean.leader.election.enable": "false"}
    with closing(_admin(bootstrap_servers)) as admin:
        admin.create_topics([NewTopic(name, partitions, replication_factor, topic_configs=settings)])
