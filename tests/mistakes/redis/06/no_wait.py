"""Returns what the master answered.

Step: 4
Why: replication is asynchronous; when the master dies a moment later, nobody else has the entry whose id was returned.
"""


class Publisher(Publisher):
    def __init__(self, sentinels: Sequence[str], service: str, **options: Any) -> None:
        super().__init__(sentinels, service, **{**options, "min_replicas": 0})
