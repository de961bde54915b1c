"""Hands elect_leaders a list of TopicPartition.

Step: 9
Why: The client takes what is in the list for names of topics, and elects nothing; nobody complains.
"""


def restore_leaders(bootstrap_servers, topic):
    from kafka import TopicPartition

    def elect(admin):
        away = [
            TopicPartition(topic, one["partition_index"])
            for one in _partitions(admin, topic)
            if one["replica_nodes"][0] in one["isr_nodes"] and one["replica_nodes"][0] != one["leader_id"]
        ]
        if away:
            admin.elect_leaders(_PREFERRED, away, raise_errors=False)
        return len(away)

    return _asked(bootstrap_servers, elect)
