"""`mqkata hint`: one hint at a time."""

from __future__ import annotations

import re
from pathlib import Path

import typer
from rich.console import Console
from rich.markdown import Markdown

from pytest_mqkata.katas.kata import Kata, find_katas, find_root


def kata_named(name: str) -> Kata:
    """The kata "kafka/01"; the name may be a path that ends like that, as a shell completes it.

    Raises:
        typer.BadParameter: there is no such kata.
    """
    root = find_root(Path.cwd())
    if root is None:
        raise typer.BadParameter("there are no katas here. Change to the folder that you cloned, or below it.")
    katas = find_katas(root)
    found = re.search(r"([a-z]+)/(\d\d?)/?$", name)
    wanted = f"{found[1]}/{int(found[2]):02}" if found else name
    for kata in katas:
        if kata.id == wanted:
            return kata
    raise typer.BadParameter(f"there is no kata {name!r}. There are: {', '.join(kata.id for kata in katas)}.")


def show_hint(name: str, step: int, level: int) -> None:
    """Print hint `level` of a step, and how to get the next."""
    kata = kata_named(name)
    levels = kata.hints().get(step)
    if not levels:
        known = ", ".join(str(number) for number in sorted(kata.hints())) or "none"
        raise typer.BadParameter(f"{kata.id} has no hints for step {step}. Steps with hints: {known}.")
    level = min(level, len(levels))
    console = Console()
    console.print(
        f"[bold]{kata.id} · Step {step} · {kata.step_titles.get(step, '')}[/bold] (hint {level} of {len(levels)})"
    )
    console.print(Markdown(levels[level - 1]))
    if level < len(levels):
        console.print(f"More: mqkata hint {kata.id} --step {step} --level {level + 1}", style="dim", highlight=False)
