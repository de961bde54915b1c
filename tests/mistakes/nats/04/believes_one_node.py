"""Asks one node about all.

Step: 10
Why: The one that you ask may be the one that is wrong, or the one that is dead.
"""


def cluster_health(monitor_urls):
    node = _look(monitor_urls[0])
    if node is None:
        return Health(0, False, None, False)
    mesh = len(node.peers) == len(monitor_urls) - 1
    return Health(len(monitor_urls) if mesh else 1, mesh, node.meta_leader, mesh and node.ok)
