"""Resets a node while RabbitMQ runs on it.

Step: 4
Why: rabbitmqctl refuses to reset a node on which RabbitMQ runs: first stop_app, and start_app when it has joined.
"""


def join(ctl: Ctl, seed: str) -> None:
    if seed in _known_nodes(ctl):
        return
    ctl("reset")
    ctl("join_cluster", seed)
