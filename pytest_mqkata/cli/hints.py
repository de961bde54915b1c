"""`mqkata hint`: one hint at a time, and before it the mistake that the last failure looks like."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.markdown import Markdown

from pytest_mqkata.cli.here import console, kata_named, open_store, repository
from pytest_mqkata.cli.shown import print_line
from pytest_mqkata.katas.fingerprints import fingerprint, looks_like
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.progress.records import Record
from pytest_mqkata.progress.store import Store, is_present


def show_hint(name: str | None, step: int | None, level: int | None) -> None:
    """Print the next hint of a step, and how to get a clearer one.

    Args:
        step: None: the one that failed last.
        level: None: one more than was shown before.
    """
    root = repository()
    kata = kata_named(name, root)
    store = open_store(root)
    out = console()
    run = store.last_run(kata.id)
    number = step or _failing_step(kata, store, run)
    if number is None:
        print_line(out, f"{kata.id} is green: no step needs a hint. Compare with the solution: mqkata diff {kata.id}")
        return
    levels = kata.hints().get(number)
    if not levels:
        known = ", ".join(str(one) for one in sorted(kata.hints())) or "none"
        raise typer.BadParameter(f"{kata.id} has no hints for step {number}. Steps with hints: {known}.")
    print_line(out, f"{kata.id} · Step {number} · {kata.step_titles.get(number, '')}", "bold")
    if level is None and run is not None and store.first_hint_since(run):
        _show_mistake(out, kata, run, number)
    shown = min(level or store.hints_shown(kata.id, number) + 1, len(levels))
    store.hint_shown(kata.id, number, shown)
    print_line(out, f"Hint {shown} of {len(levels)}:", "bold")
    out.print(Markdown(levels[shown - 1]))
    if shown < len(levels):
        again = f"mqkata hint {kata.id} --step {number}" if step or name else "mqkata hint"
        print_line(out, f"A clearer one: {again}", "dim")
    else:
        print_line(
            out, f"That was the last one. The solution of this step: mqkata diff {kata.id} --step {number}", "dim"
        )


def _failing_step(kata: Kata, store: Store, run: Record | None) -> int | None:
    """The first step that is not green; None if all are."""
    if run is None:
        return min(kata.step_titles, default=1)
    standing = store.standing(kata.id)
    return next((number for number in sorted(kata.step_titles) if standing.get(number) != "green"), None)


def _show_mistake(out: Console, kata: Kata, run: Record, step: int) -> None:
    """What the failure looks like, if a recorded mistake failed just so."""
    seen = fingerprint(run.tests)
    if run.failed is None or run.failed.step != step:
        return
    found = looks_like(kata, seen)
    for index, mistake in enumerate(found):
        title = mistake.title.rstrip(".")
        lead = "This looks like" if index == 0 else "Or like"
        print_line(out, f"{lead}: {title[:1].lower()}{title[1:]}.", "yellow")
        out.print(Markdown(mistake.why[:1].upper() + mistake.why[1:]))
    if found:
        if not is_present(kata, run):
            print_line(out, "(That is what the last run said; your answer has changed since.)", "dim")
        out.print()
