"""Takes the URLs it was given for the group.

Step: 5
Why: the majority is one of all sentinels that the group has, and a list in somebody's configuration may be shorter.
"""

_as_they_say = quorum


def quorum(sentinels: Sequence[str], service: str) -> Quorum:
    found = _as_they_say(sentinels, service)
    known = len(sentinels)
    return Quorum(known, found.reachable, found.needed, found.reachable >= max(found.needed, known // 2 + 1))
