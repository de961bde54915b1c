"""Hashes what is between the first { and the last }.

Step: 1
Why: the tag ends at the next }, so `a{b}{c}` has the tag `b`; a greedy regular expression finds `b}{c`.
"""

import re


def slot_of(key: str) -> int:
    found = re.search(r"\{(.+)\}", key, re.DOTALL)
    return crc_hqx((found[1] if found else key).encode(), 0) % 16384
