"""Waits until there are as many copies as asked for, current or not.

Step: 6
Why: A replica that is behind, or gone, is still on the list.
"""


def _complete(info, replicas):
    return bool(info.cluster and info.cluster.leader and len(info.cluster.replicas or []) == replicas - 1)
