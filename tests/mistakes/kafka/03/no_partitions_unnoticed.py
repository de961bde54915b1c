"""Divides by the number of partitions without a look at it.

Step: 1
Why: With 0 partitions that is a ZeroDivisionError from somewhere inside, not the promised ValueError.
"""


def partition_for(key, partitions):
    return (murmur2(key) & 0x7FFFFFFF) % partitions
