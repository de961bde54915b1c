"""Undoes one escape after the other.

Step: 2
Why: the backslash that the first replacement leaves is taken for the beginning of the next escape.
"""


def _unescape(value: str) -> str:
    return value.replace("\\\\", "\\").replace('\\"', '"').replace("\\n", "\n")
