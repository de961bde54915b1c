"""Forgets the sentinel that answers.

Step: 5
Why: "num-other-sentinels" does not count the one that says so; three sentinels would be two.
"""

_with_itself = quorum


def quorum(sentinels: Sequence[str], service: str) -> Quorum:
    found = _with_itself(sentinels, service)
    known = max(0, found.known - 1)
    return Quorum(known, found.reachable, found.needed, found.reachable >= max(found.needed, known // 2 + 1))
