"""Waits without jitter.

Step: 1
Why: clients that lost the broker at the same moment come back at the same moment, and the second wave is as high as
the first.
"""


def backoff(attempt, *, base=0.1, cap=5.0, rng=random.random):
    return min(cap, base * 2.0 ** min(attempt - 1, 1000))
