"""Leaves the synchronisation to somebody else.

Step: 9
Why: the default is manual: the new mirror has none of the messages that were there before it.
"""


def mirror_queues(management_url: str, vhost: str, pattern: str, *, replicas: int = 2) -> bool:
    if int(_api(management_url, "GET", "overview")["rabbitmq_version"].split(".")[0]) >= 4:
        return False
    definition = {"ha-mode": "exactly", "ha-params": replicas}
    policy = {"pattern": pattern, "apply-to": "queues", "definition": definition}
    _api(management_url, "PUT", "policies", vhost, "ha", body=policy)
    return True
