"""Lets chance decide all of the pause.

Step: 1
Why: that is a known recipe ("full jitter"), but here the pause is at least one half: some retries would come at
once.
"""


def backoff(attempt, *, base=0.1, cap=5.0, rng=random.random):
    return min(cap, base * 2.0 ** min(attempt - 1, 1000)) * rng()
