"""Compares the first reading with zero.

Step: 3
Why: after each start of the monitor there is a peak of all that the broker has ever counted.
"""


class Rates:
    def __init__(self) -> None:
        self._at = 0.0
        self._counters: dict[str, float] = {}

    def observe(self, at: float, counters: Mapping[str, float]) -> dict[str, float]:
        seconds = at - self._at
        before, self._at, self._counters = self._counters, at, dict(counters)
        if seconds <= 0:
            return {}
        return {name: _increase(before.get(name, 0.0), value) / seconds for name, value in counters.items()}
