"""Looks for the mesh among the nodes that answer.

Step: 10
Why: Two nodes of three that see each other are no full mesh: the third one is missing.
"""


def cluster_health(monitor_urls):
    with ThreadPoolExecutor(max(1, len(monitor_urls))) as pool:
        found = [node for node in pool.map(_look, monitor_urls) if node]
    names = {node.name for node in found}
    leaders = {node.meta_leader for node in found}
    leader = leaders.pop() if len(leaders) == 1 else None
    mesh = all(names - {node.name} <= node.peers for node in found)
    return Health(len(found), mesh, leader, mesh and leader is not None and all(node.ok for node in found))
