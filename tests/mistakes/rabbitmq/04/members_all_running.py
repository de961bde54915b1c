"""Whoever is listed runs.

Step: 2
Why: the list has all members, also those that are down; each entry says whether it is running.
"""


def members(management_url: str) -> dict[str, bool]:
    answer = httpx.get(f"{management_url}/api/nodes", timeout=_API_TIMEOUT).raise_for_status()
    return {node["name"]: True for node in answer.json()}
