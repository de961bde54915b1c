"""Writes the version into the event.

Step: 3
Why: a receiver would have to open the envelope to learn whether it can read what is in it; the header is for that.
"""


_sealed = seal


def seal(event, *, version, keys, compress_over=1024):
    body, properties = _sealed({**event, "version": version}, version=version, keys=keys, compress_over=compress_over)
    properties.headers = {}
    return body, properties
