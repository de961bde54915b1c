"""Paths and places ("path:line") in what people read."""

from __future__ import annotations

import os
import re
import textwrap
from pathlib import Path

_PLACE = re.compile(r"\S+\.\w+:\d+")


def from_here(path: str | Path) -> str:
    """A path as a person would type it in the working directory; as it is where that leads far up."""
    relative = os.path.relpath(path)
    return relative if not relative.startswith("../../..") else str(path)


def broken(line: str, columns: int, *, hanging: str) -> list[str]:
    """A line in pieces that fit, broken between words; whole where a place would be hidden from the terminal.

    Args:
        hanging: what all pieces but the first begin with.
    """
    if len(line) <= columns or _PLACE.search(line):
        return [line]
    return textwrap.wrap(line, columns, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False)
