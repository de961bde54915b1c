"""Leaves the version to the routing key.

Step: 3
Why: a routing key says where a message goes, and a message that was retried or parked has another one; its version has to
travel with it, in its header.
"""


_sealed = seal


def seal(event, *, version, keys, compress_over=1024):
    body, properties = _sealed(event, version=version, keys=keys, compress_over=compress_over)
    properties.headers = None  # to be published with the routing key f"payments.v{version}"
    return body, properties
