"""Counts the majority of those that are online.

Step: 2
Why: the majority is one of all members; otherwise two halves of a broken network would each have one.
"""


@dataclass(frozen=True)
class Replicas:
    leader: str | None
    members: tuple[str, ...]
    online: tuple[str, ...]

    @property
    def can_lose(self) -> int:
        return len(self.online) - (len(self.online) // 2 + 1)
