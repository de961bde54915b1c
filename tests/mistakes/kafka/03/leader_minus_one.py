"""Passes on the -1 that stands for no leader.

Step: 5
Why: To the caller that is a node like any other.
"""


def health(bootstrap_servers, topic):
    def look(admin):
        partitions = _partitions(admin, topic)
        found = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")
        minimum = int(found["topic"][topic]["min.insync.replicas"]["value"])
        return {
            one["partition_index"]: PartitionHealth(
                leader=one["leader_id"],
                replicas=frozenset(one["replica_nodes"]),
                in_sync=frozenset(one["isr_nodes"]),
                min_in_sync=minimum,
            )
            for one in partitions
        }

    return _asked(bootstrap_servers, look)
