"""Makes a regular expression of the pattern, words as they are.

Step: 5
Why: a word may hold characters that mean something in a regular expression; "or+der" is then not the word "or+der".
re.escape() makes them harmless.
"""


def topic_matches(pattern, routing_key):
    import re

    pieces = {"*": r"\.[^.]*", "#": r"(?:\.[^.]*)*"}
    regex = "".join(pieces.get(word, r"\." + word) for word in _words(pattern))
    return re.fullmatch(regex, "".join("." + word for word in _words(routing_key))) is not None
