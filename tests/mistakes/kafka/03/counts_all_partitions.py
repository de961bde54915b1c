"""Asks for all partitions, and counts them.

Step: 9
Why: Where the preferred replica leads already, nothing changes.
"""


def restore_leaders(bootstrap_servers, topic):
    def elect(admin):
        everything = [one["partition_index"] for one in _partitions(admin, topic)]
        admin.elect_leaders(_PREFERRED, {topic: everything}, raise_errors=False)
        return len(everything)

    return _asked(bootstrap_servers, elect)
