"""Talks to the node that it was given.

Step: 3
Why: a node that does not own the channel's slot answers MOVED; a plain client shows that as an error, only a cluster client follows.
"""


def _owner(url: str, channel: str, timeout: float) -> str:
    return url
