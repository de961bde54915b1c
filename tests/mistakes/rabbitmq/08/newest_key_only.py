"""Opens with the newest key only.

Step: 3
Why: what was sealed before the change of keys and is still in a queue can never be read again.
"""


def _opened(body, encoding, keys, _original=_opened):
    return _original(body, encoding, keys[:1])
