"""Looks at the first URL only.

Step: 7
Why: the node behind it is the one that has died; two others have everything and wait.
"""

_anywhere = consume_once


def consume_once(urls, queue, handle, **options):
    return _anywhere(urls[:1], queue, handle, **options)
