"""Asks the first sentinel of the list only.

Step: 4
Why: there are three of them because one may be down; who asks only one is as safe as that one.
"""


class Publisher(Publisher):
    def __init__(self, sentinels: Sequence[str], service: str, **options: Any) -> None:
        super().__init__(sentinels[:1], service, **options)
