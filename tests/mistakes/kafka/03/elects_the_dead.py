"""Asks for every partition that its preferred replica does not lead.

Step: 9
Why: The preferred replica may be down, or behind. The brokers refuse that election, and the refusal is taken for a change.
"""


def restore_leaders(bootstrap_servers, topic):
    def elect(admin):
        away = [
            one["partition_index"]
            for one in _partitions(admin, topic)
            if one["replica_nodes"][0] != one["leader_id"]
        ]
        if away:
            admin.elect_leaders(_PREFERRED, {topic: away}, raise_errors=False)
        return len(away)

    return _asked(bootstrap_servers, elect)
