"""Mirrors every queue of the vhost.

Step: 9
Why: the pattern was asked for; a mirrored queue costs its leader and its network for each message.
"""

_exact = mirror_queues


def mirror_queues(management_url: str, vhost: str, pattern: str, *, replicas: int = 2) -> bool:
    return _exact(management_url, vhost, ".*", replicas=replicas)
