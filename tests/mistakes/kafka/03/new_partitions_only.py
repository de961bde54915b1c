"""Counts the keys that are in a new partition.

Step: 2
Why: A key may also move from one old partition to another when the divisor changes.
"""


def moved_keys(keys, before, after):
    return {key for key in keys if partition_for(key, after) >= before}
