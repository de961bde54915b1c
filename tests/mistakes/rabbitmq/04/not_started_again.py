"""Joins, and leaves RabbitMQ stopped.

Step: 4
Why: after stop_app the Erlang machine runs and RabbitMQ on it does not; it serves nobody until start_app.
"""


def join(ctl: Ctl, seed: str) -> None:
    if seed in _known_nodes(ctl):
        return
    ctl("stop_app")
    ctl("reset")
    ctl("join_cluster", seed)
