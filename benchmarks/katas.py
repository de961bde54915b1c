"""How long each kata takes on its solution, from start to exit, on a warm broker; beside the budget that it must keep.

python benchmarks/katas.py [KATA …] [--runs 3]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections import defaultdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pytest_mqkata.authoring.running import Outcome, run
from pytest_mqkata.katas.kata import Kata, find_katas
from pytest_mqkata.supervisor.client import ask_all

ROOT = Path(__file__).resolve().parent.parent
SINGLE_NODE, CLUSTER = 10.0, 60.0  # seconds

COLD = {"rabbitmq/06": ("Prometheus, until it scrapes", 5.9), "rabbitmq/08": ("a TLS node", 3.0)}
"""What a kata starts besides the warm broker, and the seconds that this takes on an idle machine: on top of its budget."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("katas", nargs="*", metavar="KATA", help="such as rabbitmq/02; default: all")
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each kata (default 3)")
    arguments = parser.parse_args()
    known = {kata.id: kata for kata in find_katas(ROOT)}
    if unknown := [name for name in arguments.katas if name not in known]:
        parser.error(f"there is no kata {', '.join(unknown)}; there are: {', '.join(known)}")
    os.environ["MQKATA_IDLE"] = "300"
    table = Table("kata, solution", "wall s", "budget s", "slowest step")
    over = []
    for name in arguments.katas or known:
        kata = known[name]
        seconds, slowest = _measure(kata, arguments.runs)
        budget = CLUSTER if kata.needs_cluster else SINGLE_NODE
        what, cold = COLD.get(name, ("", 0.0))
        late = seconds > budget + cold
        over += [name] if late else []
        shown = f"{budget:.0f} + {cold:.1f} ({what})" if cold else f"{budget:.0f}"
        table.add_row(name, f"{seconds:.1f}", shown, slowest, style="red" if late else "")
    console = Console(width=100)
    console.print(f"load {os.getloadavg()[0]:.1f}; medians of {arguments.runs} runs on a warm broker")
    console.print(table)
    if over:
        console.print(f"over their budget: {', '.join(over)}")
    ask_all(op="down", broker=None, force=True)
    return 0


def _measure(kata: Kata, runs: int) -> tuple[float, str]:
    """The median of whole runs in seconds, and the step that takes longest."""
    _solution(kata)  # does not count: it starts the broker
    walls, steps = [], defaultdict[int, list[float]](list)
    for _ in range(runs):
        begun = time.perf_counter()
        outcomes = _solution(kata)
        walls.append(time.perf_counter() - begun)
        for number in {one.step for one in outcomes}:
            steps[number].append(sum(one.seconds for one in outcomes if one.step == number))
    medians = {number: statistics.median(times) for number, times in steps.items()}
    slowest = max(medians, key=lambda number: medians[number])
    return statistics.median(walls), f"{slowest}: {medians[slowest]:.1f} s"


def _solution(kata: Kata) -> list[Outcome]:
    outcomes = run(kata, "--solutions")
    failed = [f"{one.test}: {one.headline}" for one in outcomes if one.colour != "green"]
    if failed or not outcomes:
        raise SystemExit(f"{kata.id}: the solution is not green: {'; '.join(failed)}")
    return outcomes


if __name__ == "__main__":
    raise SystemExit(main())
