"""All gates of a kata, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from pytest_mqkata.authoring import gates, structure
from pytest_mqkata.katas.examples import Mistake, alternatives, mistakes
from pytest_mqkata.katas.fingerprints import Fingerprint, fingerprint, record, recorded
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.katas.outline import step_names

_SAMPLES = 4  # fingerprints that are kept of one mistake

Check = Callable[[], list[str]]


@dataclass(frozen=True)
class Gate:
    """A gate, and what it looks at: one thing, or each step, mistake …

    Attributes:
        title: "each mistake is rejected by its step".
        checks: a name ("" for the only one) to what tells what is wrong.
    """

    title: str
    checks: dict[str, Check]


@dataclass
class Result:
    """What a gate said.

    Attributes:
        problems: sentences; [] if the kata passes it.
        seconds: how long it took.
    """

    gate: Gate
    problems: list[str] = field(default_factory=list)
    failed: int = 0
    seconds: float = 0.0

    @property
    def colour(self) -> str:
        """ "grey" if the environment failed."""
        if any(" is grey: " in problem for problem in self.problems):
            return "grey"
        return "red" if self.problems else "green"


def gates_of(kata: Kata, *, structure_only: bool = False) -> list[Gate]:
    """Every gate of a kata, the quick ones first.

    Args:
        structure_only: only those that need no broker.
    """
    found = [
        Gate("README, hints and alternatives are there", {"": partial(structure.is_complete, kata)}),
        Gate("stub and solution agree", {"": partial(structure.stub_and_solution_agree, kata)}),
        Gate("at least five mistakes, with fingerprints", {"": partial(structure.has_mistakes, kata)}),
    ]
    if structure_only:
        return found
    steps = step_names(kata)
    return [
        *found,
        Gate("every step is red on the stub", {"": partial(gates.stub_is_red, kata)}),
        Gate("the solution passes", {"": partial(gates.solution_is_green, kata)}),
        Gate("the solution passes backwards", {"": partial(gates.solution_is_green, kata, backwards=True)}),
        Gate("the solution passes in two workers", {"": partial(gates.solution_is_green, kata, "-n", "2")}),
        Gate(
            "each step passes alone",
            {f"step {step}": partial(gates.solution_is_green, kata, "--step", str(step)) for step in steps},
        ),
        Gate(
            "each mistake is rejected by its step",
            {one.name: partial(gates.mistake_is_rejected, one) for one in mistakes(kata)},
        ),
        Gate(
            "each alternative passes",
            {one.name: partial(gates.alternative_is_green, one) for one in alternatives(kata)},
        ),
        Gate("the ladder", {f"rung {rung}": partial(gates.ladder, kata, rung) for rung in range(gates.rungs(kata))}),
    ]


def verify(gate: Gate, tell: Callable[[str], None]) -> Result:
    """Run one gate; `tell` hears the name of each thing that it looks at."""
    result = Result(gate)
    begun = time.monotonic()
    for name, check in gate.checks.items():
        tell(name)
        problems = check()
        result.failed += bool(problems)
        result.problems += problems
    result.seconds = time.monotonic() - begun
    return result


def record_fingerprints(kata: Kata) -> Iterator[tuple[Mistake, bool]]:
    """Run every mistake and add what its step says to the kata's fingerprints; each mistake, and whether it was new.

    Run again, it finds what chance makes different. What no mistake has any more is forgotten.
    """
    known = recorded(kata)
    samples: dict[str, list[Fingerprint]] = {one.name: known.get(one.name, []) for one in mistakes(kata)}
    for mistake in mistakes(kata):
        seen = fingerprint(gates.run_mistake(mistake))
        new = bool(seen) and seen not in samples[mistake.name]
        if new:
            samples[mistake.name] = [seen, *samples[mistake.name]][:_SAMPLES]
            record(kata, samples)
        yield mistake, new
