"""Makes the hash positive with abs().

Step: 1
Why: Half of all hashes have the sign bit. Java clears that bit; the absolute value is another number.
"""


def partition_for(key, partitions):
    if partitions < 1:
        raise ValueError(partitions)
    signed = murmur2(key)
    signed -= (signed & 0x80000000) << 1
    return abs(signed) % partitions
