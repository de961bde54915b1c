"""Believes that keys stay when the number of partitions is multiplied.

Step: 2
Why: From 3 to 6 partitions about half of the keys move: those whose hash leaves 3, 4 or 5 when divided by 6.
"""


def moved_keys(keys, before, after):
    if after % before == 0:
        return set()
    return {key for key in keys if partition_for(key, before) != partition_for(key, after)}
