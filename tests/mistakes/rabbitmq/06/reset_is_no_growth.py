"""Takes a counter that fell for one that did not grow.

Step: 3
Why: what was counted since the restart is lost; the broker looks idle just when it is busiest.
"""


def _increase(before: float, now: float) -> float:
    return max(0.0, now - before)
