"""Lets "*" stand for a word of at least one character.

Step: 5
Why: a word may be empty: "order..eu" has three words, and the star matches the middle one.
"""


def topic_matches(pattern, routing_key):
    def matches(wanted, words):
        if not wanted:
            return not words
        if wanted[0] == "#":
            return any(matches(wanted[1:], words[skip:]) for skip in range(len(words) + 1))
        fits = bool(words) and (bool(words[0]) if wanted[0] == "*" else wanted[0] == words[0])
        return fits and matches(wanted[1:], words[1:])

    return matches(_words(pattern), _words(routing_key))
