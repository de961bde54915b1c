"""The commands for learners: what they did, hints, comparison, history."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

app = typer.Typer()

Kata = Annotated[
    Optional[str],  # noqa: UP045 - typer reads the annotation
    typer.Argument(metavar="[KATA]", help="such as kafka/01; default: the kata last run"),
]


@app.command()
def hint(
    kata: Annotated[str, typer.Argument(metavar="KATA", help="such as kafka/01")],
    step: Annotated[int, typer.Option("--step", min=1, help="The step that you are at.")] = 1,
    level: Annotated[int, typer.Option("--level", min=1, max=3, help="1 an idea, 2 a concept, 3 nearly the code.")] = 1,
) -> None:
    """Show one hint for a step, the smallest first.

    Example: `mqkata hint kafka/01 --step 3`
    """
    from pytest_mqkata.cli.hints import show_hint

    show_hint(kata, step, level)


Yes = Annotated[bool, typer.Option("--yes", "-y", help="Show the solution though the kata is not green yet.")]


@app.command()
def diff(
    kata: Kata = None,
    step: Annotated[
        Optional[int],  # noqa: UP045 - typer reads the annotation
        typer.Option("--step", min=1, metavar="N", help="Only what this step exercises, and its helpers."),
    ] = None,
    other: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--with", metavar="DIR", help="Another answer: its folder, or one of solutions/' shape."),
    ] = None,
    side_by_side: Annotated[
        Optional[bool],  # noqa: UP045
        typer.Option("--side-by-side/--unified", help="Default: side by side from 120 columns on.", show_default=False),
    ] = None,
    yes: Yes = False,
) -> None:
    """Compare your answer with the solution, function by function; formatting and comments make no difference.

    Before the kata is green it asks, once, whether you want to see the solution. It never asks with `--with`.

    Example: `mqkata diff kafka/01`, `mqkata diff --step 3`, or `mqkata diff --with ../team-b/katas`
    """
    from pytest_mqkata.cli.diff import show_differences

    show_differences(kata, step, other, side_by_side, yes)
