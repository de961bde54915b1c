"""`mqkata history`, `mqkata checkout` and `mqkata reset`: earlier answers, and going back to one."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterator

import typer
from rich.console import Console
from rich.text import Text

from pytest_mqkata.cli.here import console, kata_named, open_store, repository
from pytest_mqkata.cli.shown import SIGNS, STYLES, ago, bar, passed, print_line
from pytest_mqkata.errors import EnvironmentProblem
from pytest_mqkata.katas.answer import read_files
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.progress.records import Record
from pytest_mqkata.progress.restore import CannotRestore, check_out, contents, record_of, reset, undo
from pytest_mqkata.progress.store import is_present

_SHOWN = 20  # runs, unless all are asked for


def show_history(name: str | None, *, everything: bool) -> None:
    """The runs and saved answers of a kata, the newest last."""
    root = repository()
    kata = kata_named(name, root)
    store = open_store(root)
    out = console()
    records = list(store.records(kata.id))
    if not records:
        print_line(out, f"{kata.id} was not run yet. Next: pytest katas/{kata.id}")
        return
    print_line(out, f"{kata.broker_title} {kata.number} · {kata.title}", "bold")
    shown = records if everything else records[:_SHOWN]
    if len(shown) < len(records):
        print_line(out, f"  … {len(records) - len(shown)} earlier ones: mqkata history {kata.id} --all", "dim")
    for record in reversed(shown):
        _show_record(out, kata, record)
    last = records[0].number
    print_line(out, f"Go back to one: mqkata checkout {last} · what changed since: mqkata history --diff {last}")


def show_difference(name: str | None, older: int, newer: int | None) -> None:
    """How the answer of one run differs from another's, or from the present one."""
    root = repository()
    kata = kata_named(name, root)
    store = open_store(root)
    out = console()
    with _explained():
        before = contents(store, record_of(kata, store, older))
        if newer is None:
            after, title = read_files(kata.folder), "now"
        else:
            after, title = contents(store, record_of(kata, store, newer)), f"run {newer}"
    same = True
    for file in sorted(before.keys() | after.keys()):
        lines = list(
            difflib.unified_diff(
                before.get(file, b"").decode("utf-8", "replace").splitlines(),
                after.get(file, b"").decode("utf-8", "replace").splitlines(),
                f"{file} (run {older})",
                f"{file} ({title})",
                lineterm="",
            )
        )
        same = same and not lines
        for line in lines:
            style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
            print_line(out, line, style)
    if same:
        print_line(out, f"The answer of run {older} and that of {title} are the same.")
    else:
        print_line(out, f"Go back to it: mqkata checkout {older}", "bold")


def go_back(name: str | None, number: int) -> None:
    """The answer of an earlier run in the place of the present one."""
    root = repository()
    kata = kata_named(name, root)
    out = console()
    with _explained():
        saved = check_out(kata, open_store(root), number)
    if saved is None:
        print_line(out, f"The answer is already as it was in run {number}.")
    else:
        print_line(
            out, f"{kata.id}: the answer is as it was in run {number}. What was there is kept as {saved.number}."
        )
        print_line(out, f"Undo: mqkata reset {kata.id} --undo", "bold")


def start_over(name: str | None, function: str | None, *, bring_back: bool) -> None:
    """The stub in the place of the answer, or what was there before."""
    root = repository()
    kata = kata_named(name, root)
    store = open_store(root)
    out = console()
    if bring_back and function:
        raise typer.BadParameter("--undo brings back the whole answer as it was; leave --function out.")
    with _explained():
        if bring_back:
            undone = undo(kata, store)
            print_line(out, f"{kata.id}: the answer is as it was before. What was there is kept as {undone.number}.")
            print_line(out, f"The other way again: mqkata reset {kata.id} --undo", "bold")
            return
        saved = reset(kata, store, function)
    what = f"`{function}`" if function else "the answer"
    if saved is None:
        print_line(out, f"{kata.id}: {what} is the stub already.")
        return
    print_line(out, f"{kata.id}: {what} is the stub again. What was there is kept as {saved.number}.")
    print_line(out, f"Undo: mqkata reset {kata.id} --undo", "bold")


def _show_record(out: Console, kata: Kata, record: Record) -> None:
    here = " ← as it is now" if is_present(kata, record) else ""
    line = Text(f"{record.number:>5}  {ago(record.time):<15} ")
    if record.kind == "saved":
        line.append(f"saved {record.note}", "dim")
    else:
        line.append(f"{SIGNS[record.colour]} ", STYLES[record.colour])
        line.append_text(bar(kata, record.steps))
        line.append(f"  {passed(kata, record.steps)}/{len(kata.step_titles)}")
        failed = record.failed
        if failed is not None:
            line.append(f"  step {failed.step}: {failed.headline}", "dim")
        if record.interrupted:
            line.append("  interrupted", "yellow")
    line.append(here, "bold")
    out.print(line, overflow="ellipsis", no_wrap=True)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """What cannot be done leaves as the command's own errors do."""
    try:
        yield
    except CannotRestore as error:
        raise typer.BadParameter(str(error)) from error
    except OSError as error:
        raise EnvironmentProblem(
            f"{error.filename} cannot be written ({error.strerror}). Your answer is as it was.",
            mend=["look at the folder's owner and permissions, and at the space that is left: df -h ."],
        ) from error
