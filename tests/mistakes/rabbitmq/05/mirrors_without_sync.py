"""Mirrors onto all nodes, and does not synchronise.

Step: 9
Why: a mirror that comes later is empty; when the leader dies the older messages are gone. And a copy on every node costs more than the third one is worth.
"""


def mirror_queues(management_url: str, vhost: str, pattern: str, *, replicas: int = 2) -> bool:
    if int(_api(management_url, "GET", "overview")["rabbitmq_version"].split(".")[0]) >= 4:
        return False
    policy = {"pattern": pattern, "apply-to": "queues", "definition": {"ha-mode": "all", "ha-sync-mode": "manual"}}
    _api(management_url, "PUT", "policies", vhost, "ha", body=policy)
    return True
