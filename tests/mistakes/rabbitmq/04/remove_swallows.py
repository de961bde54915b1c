"""Takes every refusal for "it is gone already".

Step: 4
Why: RabbitMQ refuses to forget a node that runs; who swallows that believes the node is gone, while it serves customers.
"""


def remove(ctl: Ctl, node: str) -> None:
    with contextlib.suppress(Exception):
        ctl("forget_cluster_node", node)
