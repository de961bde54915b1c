"""Compares versions as text.

Step: 9
Why: as text "10" is less than "4"; and a policy that a broker does not know is refused, or kept and ignored.
"""


def mirror_queues(management_url: str, vhost: str, pattern: str, *, replicas: int = 2) -> bool:
    if _api(management_url, "GET", "overview")["rabbitmq_version"] >= "4":
        return False
    definition = {"ha-mode": "exactly", "ha-params": replicas, "ha-sync-mode": "automatic"}
    policy = {"pattern": pattern, "apply-to": "queues", "definition": definition}
    _api(management_url, "PUT", "policies", vhost, "ha", body=policy)
    return True
