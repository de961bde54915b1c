"""Checks of what the command was given."""

from __future__ import annotations

import typer

from pytest_mqkata.brokers import TITLES


def known_broker(name: str | None) -> str | None:
    """
    Raises:
        typer.BadParameter: there is no such broker.
    """
    if name is not None and name not in TITLES:
        raise typer.BadParameter(f"there is no broker {name!r}. The brokers are: {', '.join(TITLES)}.")
    return name
