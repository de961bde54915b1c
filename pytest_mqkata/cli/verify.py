"""`mqkata verify`: the author's gates."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from pytest_mqkata.authoring.verify import Gate, Result, gates_of, record_fingerprints, verify
from pytest_mqkata.cli.here import console, kata_named, repository
from pytest_mqkata.cli.shown import SIGNS, STYLES, print_line
from pytest_mqkata.cli.status import OF_COLOUR
from pytest_mqkata.katas.kata import Kata, find_katas


def run_gates(names: list[str], *, everything: bool, structure_only: bool) -> int:
    """Run the gates of some katas, a table for each; the exit status by the worst colour."""
    root = repository()
    katas = _chosen(root, names, everything=everything)
    out = console()
    worst = "green"
    for kata in katas:
        results = [_run(out, kata, gate) for gate in gates_of(kata, structure_only=structure_only)]
        _show(out, kata, results)
        worst = max([worst, *(result.colour for result in results)], key=("green", "red", "grey").index)
    failed = {"green": "All gates hold.", "red": "Not all gates hold.", "grey": "The environment failed: mqkata doctor"}
    print_line(out, failed[worst], STYLES[worst])
    return OF_COLOUR[worst]


def record(names: list[str], *, everything: bool) -> None:
    """Run all mistakes of some katas and write down what their failures look like."""
    root = repository()
    out = console()
    for kata in _chosen(root, names, everything=everything):
        for mistake, new in record_fingerprints(kata):
            print_line(out, f"{kata.id} {mistake.name}: {'written down' if new else 'known'}", "" if new else "dim")
    print_line(out, "The fingerprints lie in tests/mistakes/<broker>/<NN>/fingerprints.json.")


def _chosen(root: Path, names: list[str], *, everything: bool) -> list[Kata]:
    if everything:
        return find_katas(root)
    return [kata_named(name, root) for name in names] or [kata_named(None, root)]


def _run(out: Console, kata: Kata, gate: Gate) -> Result:
    count = len(gate.checks)
    with Status(f"{kata.id}: {gate.title} …", console=out) as status:
        done = 0

        def tell(name: str) -> None:
            nonlocal done
            done += 1
            status.update(
                f"{kata.id}: {gate.title} … {name} ({done} of {count})" if name else f"{kata.id}: {gate.title} …"
            )

        return verify(gate, tell)


def _show(out: Console, kata: Kata, results: list[Result]) -> None:
    print_line(out, f"{kata.broker_title} {kata.number} · {kata.title}", "bold")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in ("", "Gate", "Passed", "Seconds"):
        table.add_column(column, no_wrap=True, justify="right" if column in ("Passed", "Seconds") else "left")
    for result in results:
        count = len(result.gate.checks)
        sign = Text(SIGNS[result.colour], STYLES[result.colour])
        table.add_row(sign, result.gate.title, f"{count - result.failed}/{count}", f"{result.seconds:.1f}")
    out.print(table)
    for result in results:
        for problem in result.problems:
            print_line(out, f"  {problem}", STYLES[result.colour])
    out.print()
