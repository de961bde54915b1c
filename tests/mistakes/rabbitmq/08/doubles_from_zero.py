"""Doubles once too often.

Step: 1
Why: the first attempt already has the number 1: base * 2 ** attempt begins with the second pause.
"""


def backoff(attempt, *, base=0.1, cap=5.0, rng=random.random):
    return min(cap, base * 2.0 ** min(attempt, 1000)) * (0.5 + rng() / 2)
