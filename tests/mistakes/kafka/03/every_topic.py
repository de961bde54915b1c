"""Elects leaders for the whole cluster.

Step: 9
Why: Leaders of other topics move as well, at a time that others have not chosen.
"""


def restore_leaders(bootstrap_servers, topic):
    def elect(admin):
        away = [
            one["partition_index"]
            for one in _partitions(admin, topic)
            if one["replica_nodes"][0] in one["isr_nodes"] and one["replica_nodes"][0] != one["leader_id"]
        ]
        admin.elect_leaders(_PREFERRED, raise_errors=False)
        return len(away)

    return _asked(bootstrap_servers, elect)
