"""Looks for the minimum among the settings that somebody has made.

Step: 5
Why: A topic without a setting of its own has the default of the brokers, and describe_configs leaves that out unless asked for it.
"""


def health(bootstrap_servers, topic):
    def look(admin):
        partitions = _partitions(admin, topic)
        found = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        minimum = int(found["topic"][topic].get("min.insync.replicas", {"value": 0})["value"])
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
