"""`mqkata hint`: one hint at a time."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.markdown import Markdown

from pytest_mqkata.cli.here import kata_named


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
