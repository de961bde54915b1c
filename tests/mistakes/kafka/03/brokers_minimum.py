"""Reads min.insync.replicas from the brokers.

Step: 5
Why: A topic may have a setting of its own, and that is the one which counts.
"""


def health(bootstrap_servers, topic):
    def look(admin):
        partitions = _partitions(admin, topic)
        broker = str(partitions[0]["replica_nodes"][0])
        found = admin.describe_configs([ConfigResource(ConfigResourceType.BROKER, broker)], config_filter="all")
        minimum = int(found["broker"][broker]["min.insync.replicas"]["value"])
        return {
            one["partition_index"]: PartitionHealth(
                leader=one["leader_id"] if one["leader_id"] >= 0 else None,
                replicas=frozenset(one["replica_nodes"]),
                in_sync=frozenset(one["isr_nodes"]),
                min_in_sync=minimum,
            )
            for one in partitions
        }

    return _asked(bootstrap_servers, look)
