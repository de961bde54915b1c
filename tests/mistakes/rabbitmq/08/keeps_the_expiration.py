"""Keeps the message's expiration on its copy.

Step: 5
Why: in the wait queue it comes back too early, and in the parked queue it dies before anybody has looked at it.
"""


def _failed(properties, failures, error, _plain=_failed):
    copied = _plain(properties, failures, error)
    copied.expiration = properties.expiration
    return copied
