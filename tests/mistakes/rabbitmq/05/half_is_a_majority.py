"""Is content with half of the members.

Step: 2
Why: two of four is no majority; the other two could say the same, and both would take payments.
"""


@dataclass(frozen=True)
class Replicas:
    leader: str | None
    members: tuple[str, ...]
    online: tuple[str, ...]

    @property
    def can_lose(self) -> int:
        return len(self.online) - (len(self.members) + 1) // 2
