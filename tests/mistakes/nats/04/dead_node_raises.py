"""Lets the error of a dead node out.

Step: 10
Why: The health is wanted most when a node is gone.
"""


def cluster_health(monitor_urls):
    with ThreadPoolExecutor(max(1, len(monitor_urls))) as pool:
        found = [node for node in pool.map(_strict_look, monitor_urls)]
    names = {node.name for node in found}
    leaders = {node.meta_leader for node in found}
    leader = leaders.pop() if len(leaders) == 1 else None
    mesh = len(names) == len(monitor_urls) and all(names - {node.name} <= node.peers for node in found)
    return Health(len(found), mesh, leader, mesh and leader is not None and all(node.ok for node in found))


def _strict_look(url):
    node = _look(url)
    if node is None:
        raise ConnectionError(url)
    return node
