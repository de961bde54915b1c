"""Sends an error like any other answer.

Step: 6
Why: the caller takes the text of the error for a price. Something beside the body must tell them apart.
"""


def _answer(function, request):
    try:
        return function(request), None
    except Exception as error:
        return str(error).encode(), None
