"""How many mistakes are named right by what their runs look like: the share of all that this session has run."""

from __future__ import annotations

from collections.abc import Iterable

NAMED = "the hint names the right mistake"
"""A test's property: True or False."""

LEAST = 0.8
"""The share that must be right."""

_ENOUGH = 20  # mistakes: a share of fewer says nothing


def verdict(named: Iterable[bool]) -> tuple[str, bool]:
    """A sentence, and whether the share is high enough; ("", True) if no mistake has run."""
    found = list(named)
    if not found:
        return "", True
    share = sum(found) / len(found)
    sentence = f"the hint names the right mistake for {sum(found)} of {len(found)} mistakes ({share:.0%})"
    return sentence, share >= LEAST or len(found) < _ENOUGH
