"""Leaves the matching to fnmatch.

Step: 5
Why: the star of a shell stands for any characters, dots among them, and its "#" is no wildcard at all. In a pattern
"*" stands for exactly one word.
"""


def topic_matches(pattern, routing_key):
    from fnmatch import fnmatchcase

    return fnmatchcase(routing_key, pattern.replace("#", "*"))
