"""Takes the number of routes for the number of nodes.

Step: 10
Why: Routes come in pools: a node holds several to each of the others. Compare the names at their other ends.
"""


def cluster_health(monitor_urls):
    with ThreadPoolExecutor(max(1, len(monitor_urls))) as pool:
        found = [node for node in pool.map(_look, monitor_urls) if node]
    names = {node.name for node in found}
    leaders = {node.meta_leader for node in found}
    leader = leaders.pop() if len(leaders) == 1 else None
    mesh = len(names) == len(monitor_urls) and all(_page(url, "routez")["num_routes"] == len(monitor_urls) - 1 for url in monitor_urls)
    return Health(len(found), mesh, leader, mesh and leader is not None and all(node.ok for node in found))
