"""`mqkata diff`: the learner's answer beside the solution, or beside somebody else's answer."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Group
from rich.text import Text

from pytest_mqkata.cli.consent import ask_before_the_solution
from pytest_mqkata.cli.differences import draw, is_beside
from pytest_mqkata.cli.here import console, kata_named, open_store, repository
from pytest_mqkata.cli.paging import show
from pytest_mqkata.compare.comparison import DIFFERS, ONLY_LEFT, ONLY_RIGHT, UNWRITTEN, Comparison, Side, compare
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.katas.places import from_here
from pytest_mqkata.progress.green import greenness
from pytest_mqkata.progress.store import Store


def show_differences(
    name: str | None, step: int | None, other: Path | None, side_by_side: bool | None, yes: bool
) -> None:
    """Print what differs, and what to do next."""
    root = repository()
    kata = kata_named(name, root)
    store = open_store(root)
    if step is not None and step not in kata.step_titles:
        known = ", ".join(str(number) for number in sorted(kata.step_titles))
        raise typer.BadParameter(f"{kata.id} has no step {step}. Its steps: {known}.")
    folder = _folder_of(other, kata) if other else kata.solution_folder
    if folder == kata.solution_folder:
        ask_before_the_solution(kata, store, yes=yes)
        right = Side.of_folder("the solution", folder)
    else:
        right = Side.of_folder("the other", folder)
    comparison = compare(kata, Side.of_folder("yours", kata.folder), right, step=step)
    out = console()
    title = Text(f"{kata.broker_title} {kata.number} · {kata.title}", style="bold")
    show(out, Group(title, draw(comparison, out, beside=is_beside(out, side_by_side=side_by_side))))
    out.print()
    out.print(Text(_next(comparison, kata, store, is_solution=folder == kata.solution_folder)), soft_wrap=True)


def _folder_of(given: Path, kata: Kata) -> Path:
    """The folder of another answer to a kata.

    Raises:
        typer.BadParameter: there is none.
    """
    for folder in (given, given / kata.broker / kata.number):
        if (folder / kata.module).is_file():
            return folder.resolve()
    raise typer.BadParameter(
        f"there is no {kata.module} in {given}, nor in {given / kata.broker / kata.number}: "
        "--with takes the folder of an answer, or one of the same shape as solutions/."
    )


def _next(comparison: Comparison, kata: Kata, store: Store, *, is_solution: bool) -> str:
    differ = len(comparison.of_state(DIFFERS, ONLY_LEFT, ONLY_RIGHT))
    parts = f"{differ} {'part differs' if differ == 1 else 'parts differ'}" if differ else "Nothing differs"
    if comparison.problems:
        first = comparison.problems[0]
        return f"First mend what Python cannot read: {from_here(first.file)}:{first.line}"
    unwritten = [one for one in comparison.of_state(UNWRITTEN) if one.left and one.left.unwritten]
    if unwritten:
        part = unwritten[0]
        place = f"{from_here(kata.folder / part.file)}:{part.left.number if part.left else 1}"
        return f"{parts}. To write next: {part.name}, {place}"
    if not greenness(store, kata).green:
        return f"{parts}. To see what your answer does: pytest katas/{kata.id}"
    if not is_solution:
        return f"{parts}. To compare with the solution: mqkata diff {kata.id}"
    return (
        f"{parts}. Other correct styles: mqkata solution {kata.id}; wrong answers to guess: mqkata mistakes {kata.id}"
    )
