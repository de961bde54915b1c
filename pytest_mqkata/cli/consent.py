"""Asks, once for each kata, whether the solution is to be shown before the kata is green."""

from __future__ import annotations

import sys

import typer

from pytest_mqkata.cli.status import RED_STATUS
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.progress.green import greenness
from pytest_mqkata.progress.store import Store


def ask_before_the_solution(kata: Kata, store: Store, *, yes: bool) -> None:
    """Returns if the solution may be shown: the kata is green, or the learner wants it all the same.

    Args:
        yes: the learner has said so on the command line; that counts for this time alone.

    Raises:
        typer.Exit: the learner does not want it, or there is nobody to ask.
    """
    if yes or store.solution_allowed(kata.id):
        return
    state = greenness(store, kata)
    if state.green:
        return
    if not at_a_terminal():
        typer.echo(f"{state} With --yes the solution is shown all the same.")
        raise typer.Exit(RED_STATUS)
    if not typer.confirm(f"{state} See the solution all the same?"):
        typer.echo(f"Then go on: pytest katas/{kata.id}, and for a hint: mqkata hint {kata.id}")
        raise typer.Exit(RED_STATUS)
    store.allow_solution(kata.id)


def at_a_terminal() -> bool:
    """Whether there is somebody who reads a question and can answer it."""
    return sys.stdin.isatty() and sys.stdout.isatty()
