"""Lets "#" stand for one word or more.

Step: 5
Why: it stands for no word as well: "order.#" matches "order".
"""


def topic_matches(pattern, routing_key):
    import re

    pieces = {"*": r"[^.]*", "#": r".+"}
    regex = r"\.".join(pieces.get(word, re.escape(word)) for word in pattern.split("."))
    return re.fullmatch(regex, routing_key, re.DOTALL) is not None
