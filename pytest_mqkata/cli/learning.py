"""The commands for learners: what they did, hints, comparison, history."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from pytest_mqkata.cli.arguments import known_broker

app = typer.Typer()

Kata = Annotated[
    Optional[str],  # noqa: UP045 - typer reads the annotation
    typer.Argument(metavar="[KATA]", help="such as kafka/01; default: the kata last run"),
]


@app.command("list")
def list_katas(
    broker: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(metavar="[BROKER]", callback=known_broker, help="rabbitmq, kafka, nats or redis; default: all"),
    ] = None,
    todo: Annotated[bool, typer.Option("--todo", help="Only those that are not green yet.")] = False,
) -> None:
    """Show all katas: how far you are, how long they take, what they need and whether that is here.

    Example: `mqkata list kafka`
    """
    from pytest_mqkata.cli.where import show_list

    show_list(broker, todo=todo)


@app.command("next")
def next_kata() -> None:
    """Show the study path and what comes next on it. Nothing is locked.

    Example: `mqkata next`
    """
    from pytest_mqkata.cli.where import show_next

    show_next()


@app.command()
def goto(kata: Annotated[str, typer.Argument(metavar="KATA", help="such as kafka/01")]) -> None:
    """Make a kata the current one, which the other commands mean when none is named.

    Example: `mqkata goto kafka/03`
    """
    from pytest_mqkata.cli.where import go_to

    go_to(kata)


@app.command()
def explain(kata: Kata = None) -> None:
    """Show the last failure in full: what the broker held, what happened in which order, how to run it again.

    Example: `mqkata explain kafka/01`
    """
    from pytest_mqkata.cli.explain import explain as show

    raise typer.Exit(show(kata))


@app.command()
def hint(
    kata: Kata = None,
    step: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--step", min=1, help="The step; default: the one that failed last."),
    ] = None,
    level: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--level", min=1, max=3, help="1 an idea, 2 a concept, 3 nearly the code; default: the next one."),
    ] = None,
) -> None:
    """Show the next of three hints for the failing step; what the failure looks like comes first.

    Example: `mqkata hint`, or `mqkata hint kafka/01 --step 3`
    """
    from pytest_mqkata.cli.hints import show_hint

    show_hint(kata, step, level)


@app.command()
def reset(
    kata: Kata = None,
    function: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="F", help="Only this function, Class, Class.method or configuration file."),
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Bring back what the last reset or checkout replaced.")] = False,
) -> None:
    """Put the stub in the place of your answer, which is saved first.

    Example: `mqkata reset kafka/01`, `mqkata reset --function send_order`, or `mqkata reset --undo`
    """
    from pytest_mqkata.cli.past import start_over

    start_over(kata, function, bring_back=undo)


@app.command()
def history(
    kata: Kata = None,
    diff: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(metavar="N", help="Show how the answer of run N differs from the present one."),
    ] = None,
    to: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(metavar="M", help="With --diff: from run M instead of the present one."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All runs, not only the newest.")] = False,
) -> None:
    """Show the runs of a kata so far, or what changed between two of them.

    Example: `mqkata history kafka/01`, or `mqkata history --diff 3 --to 5`
    """
    from pytest_mqkata.cli.past import show_difference, show_history

    if diff is not None:
        show_difference(kata, diff, to)
    elif to is not None:
        raise typer.BadParameter("--to needs --diff: mqkata history --diff 3 --to 5")
    else:
        show_history(kata, everything=everything)


@app.command()
def checkout(
    number: Annotated[int, typer.Argument(metavar="N", help="A run's number, as `mqkata history` shows it.")],
    kata: Kata = None,
) -> None:
    """Go back to the answer of an earlier run; the present one is saved first.

    Example: `mqkata checkout 3`, or `mqkata checkout 3 kafka/01`
    """
    from pytest_mqkata.cli.past import go_back

    go_back(kata, number)


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


@app.command()
def watch(kata: Kata = None) -> None:
    """Run a kata now and at each save. It never moves on by itself.

    Keys: Enter run, h hint, d diff, a all steps, r reset, n next, q quit.

    Example: `mqkata watch kafka/01`
    """
    from pytest_mqkata.cli.watch.loop import watch_kata

    raise typer.Exit(watch_kata(kata))
