"""Takes the largest slot for the number of slots.

Step: 1
Why: the slots go from 0 to 16383, so there are 16384 of them; with the other modulus nearly every key is looked for on the wrong node.
"""


def slot_of(key: str) -> int:
    hashed = key.encode()
    _, brace, behind = hashed.partition(b"{")
    tag, closed, _ = behind.partition(b"}")
    return crc_hqx(tag if brace and closed and tag else hashed, 0) % 16383
