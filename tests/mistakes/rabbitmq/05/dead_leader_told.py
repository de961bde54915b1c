"""Tells the leader that the API has, dead or alive.

Step: 2
Why: the queue's record keeps the last leader until there is a new one; who is not online leads nobody.
"""


def replicas(management_url: str, vhost: str, queue: str) -> Replicas:
    found = _api(management_url, "GET", "queues", vhost, queue)
    return Replicas(found.get("leader"), tuple(found["members"]), tuple(found["online"]))
