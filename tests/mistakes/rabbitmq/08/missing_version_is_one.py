"""Takes a missing version for the first one.

Step: 3
Why: a producer that forgets the header is heard as if it spoke the oldest language, and its events are "upgraded" into
nonsense.
"""


_strict = unseal


def unseal(body, properties, *, keys, current, upcasters):
    properties = copy.copy(properties)
    properties.headers = {"schema-version": 1, **(properties.headers or {})}
    return _strict(body, properties, keys=keys, current=current, upcasters=upcasters)
