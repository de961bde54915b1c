"""Takes the first member for the leader.

Step: 2
Why: the list begins with the leader when the queue is new; after the first election it does not.
"""

_asked = replicas


def replicas(management_url: str, vhost: str, queue: str) -> Replicas:
    found = _asked(management_url, vhost, queue)
    return Replicas(found.members[0], found.members, found.online)
