"""Remembers the last value of each counter, however old.

Step: 3
Why: when a counter comes back, the growth of a long time is taken for that of the last few seconds.
"""


class Rates:
    def __init__(self) -> None:
        self._at = math.inf
        self._counters: dict[str, float] = {}

    def observe(self, at: float, counters: Mapping[str, float]) -> dict[str, float]:
        seconds, self._at = at - self._at, at
        before = dict(self._counters)
        self._counters.update(counters)
        if seconds <= 0:
            return {}
        return {
            name: _increase(before[name], value) / seconds for name, value in counters.items() if name in before
        }
