"""Turns the list of deaths round.

Step: 2
Why: the broker puts the latest death first, and that is the one that people ask for first.
"""


def deaths(properties):
    noted = (properties.headers or {}).get("x-death", [])
    return [Death(entry["queue"], entry["reason"], entry["count"]) for entry in reversed(noted)]
