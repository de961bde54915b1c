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


@app.command()
def solution(
    kata: Kata = None,
    style: Annotated[
        Optional[str],  # noqa: UP045 - typer reads the annotation
        typer.Option("--style", metavar="NAME", help="Only the answer in this style, as the list names it."),
    ] = None,
    yes: Yes = False,
) -> None:
    """Show the solution, and which other right answers there are and what each shows.

    Before the kata is green it asks, once, whether you want to see it.

    Example: `mqkata solution kafka/01`, or `mqkata solution kafka/01 --style seek_back`
    """
    from pytest_mqkata.cli.solution import show_solution

    show_solution(kata, style, yes)


@app.command()
def mistakes(
    kata: Kata = None,
    name: Annotated[
        Optional[str],  # noqa: UP045 - typer reads the annotation
        typer.Option("--name", metavar="NAME", help="A certain one, asked before or not."),
    ] = None,
    all_again: Annotated[bool, typer.Option("--all-again", help="Forget which were asked, and begin anew.")] = False,
    yes: Yes = False,
) -> None:
    """A quiz for when the kata is green: here is a wrong answer. Which step rejects it, and why? Then it is run.

    Each call asks one that was not asked yet. Your own answer and its history are left alone.

    Example: `mqkata mistakes rabbitmq/01`
    """
    from pytest_mqkata.cli.mistakes import ask_a_mistake

    ask_a_mistake(kata, name, all_again, yes)
