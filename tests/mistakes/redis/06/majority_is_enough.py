"""Takes a majority for all that is needed.

Step: 5
Why: with a quorum above the majority, two of three may vote but never agree that the master is down.
"""

_exact = quorum


def quorum(sentinels: Sequence[str], service: str) -> Quorum:
    found = _exact(sentinels, service)
    return found._replace(can_fail_over=found.reachable > found.known // 2)
