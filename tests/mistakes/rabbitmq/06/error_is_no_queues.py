"""Takes an error for a broker without queues.

Step: 1
Why: the password was changed, the API answers 401, and the monitor says that all is quiet.
"""


def queue_stats(management_url: str, vhost: str) -> dict[str, QueueStats]:
    reply = httpx.get(f"{management_url}/api/queues/{quote(vhost, safe='')}", timeout=10.0)
    queues = reply.json() if reply.status_code == 200 else []
    return {queue["name"]: _stats(queue) for queue in queues}
