"""Passes on None when a message had no headers.

Step: 6
Why: The client gives None for "no headers"; the caller was promised a dict.
"""


def _decode(message):
    return Received(message.subject, json.loads(message.data), message.headers)
