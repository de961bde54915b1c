"""Computes the power first, and limits it afterwards.

Step: 1
Why: 2.0 ** 1024 is an OverflowError: after some hours of outage the client dies of its own patience.
"""


def backoff(attempt, *, base=0.1, cap=5.0, rng=random.random):
    return min(cap, base * 2.0 ** (attempt - 1)) * (0.5 + rng() / 2)
