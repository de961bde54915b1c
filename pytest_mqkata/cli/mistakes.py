"""`mqkata mistakes`: a wrong answer; which step rejects it, and why?"""

from __future__ import annotations

import random

import typer
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from pytest_mqkata.cli.consent import at_a_terminal
from pytest_mqkata.cli.differences import draw, is_beside
from pytest_mqkata.cli.here import console, kata_named, open_store, repository
from pytest_mqkata.cli.status import ENVIRONMENT_STATUS, RED_STATUS
from pytest_mqkata.compare.comparison import Side, compare
from pytest_mqkata.katas.examples import Mistake, mistakes
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.katas.places import from_here
from pytest_mqkata.katas.trial import Trial, try_answer
from pytest_mqkata.progress.green import greenness
from pytest_mqkata.progress.records import TestRecord
from pytest_mqkata.progress.store import Store

_RIGHT, _WRONG, _SHOWN = "right", "wrong", "shown"


def ask_a_mistake(name: str | None, wanted: str | None, all_again: bool, yes: bool) -> None:
    """Show a wrong answer, ask which step rejects it, run it, and say why."""
    root = repository()
    kata = kata_named(name, root)
    store = open_store(root)
    recorded = {one.name: one for one in mistakes(kata)}
    if wanted is not None and wanted not in recorded:
        raise typer.BadParameter(f"{kata.id} has no mistake {wanted!r}. There are: {', '.join(recorded)}.")
    state = greenness(store, kata)
    if not (yes or state.green):
        typer.echo(
            f"{state} The mistakes show most of the solution, so they wait until then; --yes shows them all the same."
        )
        raise typer.Exit(RED_STATUS)
    if all_again:
        store.forget_guesses(kata.id)
    left = [one for one in recorded.values() if one.name not in store.guesses(kata.id)]
    out = console()
    if wanted is None and not left:
        out.print(_score(kata, store, recorded), soft_wrap=True)
        return
    _quiz(recorded[wanted] if wanted else random.choice(left), store, recorded, out)


def _quiz(mistake: Mistake, store: Store, recorded: dict[str, Mistake], out: Console) -> None:
    kata = mistake.kata
    out.print(f"[bold]{kata.broker_title} {kata.number} · {kata.title}[/bold] · a wrong answer", soft_wrap=True)
    solution = Side.of_folder("the solution", kata.solution_folder)
    wrong = Side("the wrong answer", {**solution.files, **mistake.files})
    shown = compare(kata, solution, wrong, hints=False)
    out.print(draw(shown, out, beside=is_beside(out, side_by_side=None), quiz=True), soft_wrap=True)
    out.print()
    for number, title in kata.step_titles.items():
        out.print(Text(f"  {number:>2}  {title}"), soft_wrap=True)
    out.print()
    guess = _guess(kata) if at_a_terminal() else None
    alone = kata.needs_cluster
    with out.status("running the tests on it …") as status:
        trial = try_answer(
            kata,
            mistake.files,
            step=mistake.step if alone else None,
            tell=lambda step: status.update(f"step {step} {kata.step_titles.get(step, '')} …"),
        )
    failed = trial.failed
    if failed is not None and failed.colour == "grey":
        _environment_failed(failed, kata, out)
    _show_verdict(mistake, trial, alone, out)
    outcome = _SHOWN
    if guess is not None and failed is not None:
        outcome = _RIGHT if guess == failed.step else _WRONG
        _show_guess(guess, failed.step, alone, out)
    store.guessed(kata.id, mistake.name, outcome)
    out.print()
    out.print(_score(kata, store, recorded), soft_wrap=True)


def _guess(kata: Kata) -> int | None:
    """The step that the learner names; None: they want to be shown."""
    steps = sorted(kata.step_titles)
    while True:
        said = typer.prompt(
            f"Which step rejects it? [{steps[0]}-{steps[-1]}, Enter alone: show me]",
            default="",
            show_default=False,
            prompt_suffix=" ",
        ).strip()
        if not said:
            return None
        if said.isdigit() and int(said) in steps:
            return int(said)
        typer.echo(f"A step's number, {steps[0]} to {steps[-1]}, not {said!r}.")


def _show_verdict(mistake: Mistake, trial: Trial, alone: bool, out: Console) -> None:
    kata, failed = mistake.kata, trial.failed
    if failed is None:
        ran = f"step {mistake.step}" if alone else "all steps"
        out.print(f"This time it passed {ran}: the mistake does not show in each run.", style="yellow", soft_wrap=True)
    else:
        only = " (only that step was run)" if alone else ""
        title = kata.step_titles.get(failed.step, "")
        out.print(Text(f"✘ Step {failed.step} · {title} rejects it{only}:", style="bold"), soft_wrap=True)
        _say(out, Padding(Text(failed.headline, style="red"), (0, 0, 0, 2), expand=False))
        if failed.where.rpartition(":")[0].endswith(kata.test_file.name):
            file, _, line = failed.where.rpartition(":")
            out.print(Text(f"  {from_here(kata.root / file)}:{line}", style="dim"), soft_wrap=True)
    out.print()
    _say(out, Text.assemble(("What it does: ", "bold"), mistake.title))
    _say(out, Text.assemble(("Why that is wrong: ", "bold"), mistake.why))


def _show_guess(guess: int, step: int, alone: bool, out: Console) -> None:
    if guess == step:
        out.print(f"Your guess, step {guess}: right.", style="bold green", soft_wrap=True)
    elif alone:
        out.print(f"Your guess, step {guess}: no, it is step {step}.", style="bold", soft_wrap=True)
    elif guess < step:
        out.print(f"Your guess, step {guess}: no, that one passes.", style="bold", soft_wrap=True)
    else:
        out.print(f"Your guess, step {guess}: no, step {step} comes before it.", style="bold", soft_wrap=True)


def _environment_failed(failed: TestRecord, kata: Kata, out: Console) -> None:
    out.print("The environment failed, not your guess:", style="bold", soft_wrap=True)
    _say(out, Padding(Text(failed.headline), (0, 0, 0, 2), expand=False))
    for line in failed.lines:
        out.print(Text(f"  {line}"), soft_wrap=True)
    out.print(f"More: mqkata doctor {kata.broker}", soft_wrap=True)
    raise typer.Exit(ENVIRONMENT_STATUS)


def _say(out: Console, text: RenderableType) -> None:
    """Print sentences, broken between words where a person reads them at a terminal."""
    out.print(text, soft_wrap=not out.is_terminal)


def _score(kata: Kata, store: Store, recorded: dict[str, Mistake]) -> str:
    guesses = {name: outcome for name, outcome in store.guesses(kata.id).items() if name in recorded}
    right = sum(outcome == _RIGHT for outcome in guesses.values())
    score = f"{right} right of {len(guesses)} asked, of {len(recorded)} in all."
    if len(guesses) == len(recorded):
        return f"{score} From the start: mqkata mistakes {kata.id} --all-again"
    return f"{score} The next: mqkata mistakes {kata.id}"
