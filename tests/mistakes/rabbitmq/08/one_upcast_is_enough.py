"""Applies one upcaster only.

Step: 3
Why: an event may have waited through two changes of the schema: go on until it is the current one.
"""


def unseal(body, properties, *, keys, current, upcasters):
    version = (properties.headers or {}).get("schema-version")
    if type(version) is not int or not 1 <= version <= current:
        raise UnsupportedVersion(version)
    event = _opened(body, properties.content_encoding, keys)
    return upcasters[version](event) if version < current else event
