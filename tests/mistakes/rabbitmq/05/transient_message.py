"""Sends messages that are not persistent.

Step: 3
Why: a quorum queue writes everything to disk, so here it happens to go well; where the message goes next it may not.
"""

_Persistent = BasicProperties


def BasicProperties(**options):
    return _Persistent(**{**options, "delivery_mode": 1})
