"""Takes the quorum for all that is needed.

Step: 5
Why: the quorum decides that the master is down; the one that acts needs the votes of a majority as well, whatever the quorum is.
"""

_exact = quorum


def quorum(sentinels: Sequence[str], service: str) -> Quorum:
    found = _exact(sentinels, service)
    return found._replace(can_fail_over=0 < found.needed <= found.reachable)
