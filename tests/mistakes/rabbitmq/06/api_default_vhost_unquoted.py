"""Puts the vhost's name into the URL as it is.

Step: 1
Why: a slash in it, and the default vhost is one, makes another path; the API answers 404.
"""


def queue_stats(management_url: str, vhost: str) -> dict[str, QueueStats]:
    reply = httpx.get(f"{management_url}/api/queues/{vhost}", timeout=10.0)
    reply.raise_for_status()
    return {queue["name"]: _stats(queue) for queue in reply.json()}
