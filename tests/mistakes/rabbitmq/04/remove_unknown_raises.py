"""Fails for a node that is gone already.

Step: 4
Why: a clean-up that cannot be repeated fails the second time it is run, with nothing wrong.
"""


def remove(ctl: Ctl, node: str) -> None:
    ctl("forget_cluster_node", node)
