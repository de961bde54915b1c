"""The commands for learners: what they did, hints, comparison, history."""

from __future__ import annotations

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


@app.command()
def watch(kata: Kata = None) -> None:
    """Run a kata now and at each save. It never moves on by itself.

    Keys: Enter run, h hint, d diff, a all steps, r reset, n next, q quit.

    Example: `mqkata watch kafka/01`
    """
    from pytest_mqkata.cli.watch.loop import watch_kata

    raise typer.Exit(watch_kata(kata))
