"""The commands for authors of katas."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

app = typer.Typer()


@app.command()
def verify(
    katas: Annotated[
        Optional[list[str]],  # noqa: UP045 - typer reads the annotation
        typer.Argument(metavar="[KATA]…", help="such as kafka/01; default: the kata last run"),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All katas.")] = False,
    structure: Annotated[bool, typer.Option("--structure", help="Only the gates that need no broker.")] = False,
    record: Annotated[
        bool, typer.Option("--record", help="Instead: run each mistake and write down what its failure looks like.")
    ] = False,
) -> None:
    """Run the gates that a kata must pass, and print a table. For authors of katas.

    Example: `mqkata verify kafka/01`, or `mqkata verify --all --structure`
    """
    from pytest_mqkata.cli import verify as gates

    if record:
        gates.record(katas or [], everything=everything)
        return
    raise typer.Exit(gates.run_gates(katas or [], everything=everything, structure_only=structure))


@app.command("new")
def new_kata(
    kata: Annotated[str, typer.Argument(metavar="BROKER/NN", help="such as redis/09")],
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="names its module, such as rate_limits")],
) -> None:
    """Make a new kata: README, stub, tests, solution, hints, two mistakes, an alternative. For authors of katas.

    Example: `mqkata new redis/09 rate_limits`
    """
    from pytest_mqkata.cli.scaffold import make_kata

    make_kata(kata, topic)
