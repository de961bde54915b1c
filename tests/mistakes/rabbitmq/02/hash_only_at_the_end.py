"""Lets "#" stand for all the rest of the key.

Step: 5
Why: it may be followed by more: "order.#.eu" asks for a key that ends with the word "eu".
"""


def topic_matches(pattern, routing_key):
    words = _words(routing_key)
    for place, wanted in enumerate(_words(pattern)):
        if wanted == "#":
            return True
        if place >= len(words) or wanted not in ("*", words[place]):
            return False
    return len(_words(pattern)) == len(words)
