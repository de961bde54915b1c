"""Lets the function's error end the server.

Step: 6
Why: one bad question, and nobody gets an answer any more; the one who asked it waits for his whole timeout.
"""


def _answer(function, request):
    return function(request), None
