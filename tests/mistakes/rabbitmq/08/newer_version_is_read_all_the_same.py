"""Reads an event of a version that it does not know.

Step: 3
Why: fields may have changed their meaning: a guess about money is worse than no answer.
"""


def unseal(body, properties, *, keys, current, upcasters):
    version = (properties.headers or {}).get("schema-version")
    if type(version) is not int or version < 1:
        raise UnsupportedVersion(version)
    event = _opened(body, properties.content_encoding, keys)
    for older in range(version, current):
        event = upcasters[older](event)
    return event
