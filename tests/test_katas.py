"""The quality gates, for every kata found on disk. A new kata is covered by being there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.named import NAMED

from pytest_mqkata.authoring import gates, structure
from pytest_mqkata.katas.examples import Alternative, Mistake, alternatives, mistakes
from pytest_mqkata.katas.fingerprints import fingerprint, looks_like
from pytest_mqkata.katas.kata import Kata, find_katas
from pytest_mqkata.katas.outline import step_names

KATAS = find_katas(Path(__file__).resolve().parent.parent)
SOLO_STEPS = [(kata, step) for kata in KATAS for step in step_names(kata)]
MISTAKES = [mistake for kata in KATAS for mistake in mistakes(kata)]
ALTERNATIVES = [one for kata in KATAS for one in alternatives(kata)]
RUNGS = [(kata, rung) for kata in KATAS for rung in range(gates.rungs(kata))]

pytestmark = pytest.mark.timeout(600)


def _case(kata: Kata, *values: object, name: str = "") -> object:
    """One case of a gate. Those of a kata with a cluster, of which there is one for all, go to the same worker."""
    marks = [pytest.mark.xdist_group(f"cluster of {kata.id}")] if kata.needs_cluster else []
    return pytest.param(*values, id=f"{kata.id}-{name}" if name else kata.id, marks=marks)


each_kata = pytest.mark.parametrize("kata_under_test", [_case(kata, kata) for kata in KATAS])


@each_kata
def test_every_step_is_red_on_the_stub(kata_under_test: Kata) -> None:
    """Each test of an untouched stub fails, and names what is not written yet."""
    assert gates.stub_is_red(kata_under_test) == []


@each_kata
def test_the_solution_passes(kata_under_test: Kata) -> None:
    """The reference answer is green in the order of the steps."""
    assert gates.solution_is_green(kata_under_test) == []


@each_kata
def test_the_solution_passes_backwards(kata_under_test: Kata) -> None:
    """No step needs what an earlier one left."""
    assert gates.solution_is_green(kata_under_test, backwards=True) == []


@each_kata
def test_the_solution_passes_in_two_workers(kata_under_test: Kata) -> None:
    """Two processes that share a broker do not see each other."""
    assert gates.solution_is_green(kata_under_test, "-n", "2") == []


@pytest.mark.parametrize(
    ("kata_under_test", "step"), [_case(kata, kata, step, name=str(step)) for kata, step in SOLO_STEPS]
)
def test_each_step_of_the_solution_passes_alone(kata_under_test: Kata, step: int) -> None:
    """Each step alone is green."""
    assert gates.solution_is_green(kata_under_test, "--step", str(step)) == []


@pytest.mark.parametrize("mistake", [_case(one.kata, one, name=one.name) for one in MISTAKES])
def test_each_mistake_is_rejected_by_its_step(mistake: Mistake, record_property: Callable[[str, object], None]) -> None:
    """A wrong answer passes the steps before the one that it names, and fails there."""
    outcomes = gates.run_mistake(mistake)
    assert gates.mistake_is_rejected(mistake, outcomes) == []
    named = [one.name for one in looks_like(mistake.kata, fingerprint(outcomes))]
    record_property(NAMED, mistake.name in named[:1])  # the share is judged when all have run, see conftest.py


@pytest.mark.parametrize("alternative", [_case(one.kata, one, name=one.name) for one in ALTERNATIVES])
def test_each_alternative_passes(alternative: Alternative) -> None:
    """A right answer in another style is green."""
    assert gates.alternative_is_green(alternative) == []


@pytest.mark.parametrize(("kata_under_test", "rung"), [_case(kata, kata, rung, name=str(rung)) for kata, rung in RUNGS])
def test_the_ladder(kata_under_test: Kata, rung: int) -> None:
    """A learner can write function after function and sees step after step turn green."""
    assert gates.ladder(kata_under_test, rung) == []


@each_kata
def test_stub_and_solution_agree(kata_under_test: Kata) -> None:
    """Names, signatures and docstrings of stub and solution are the same."""
    assert structure.stub_and_solution_agree(kata_under_test) == []


@each_kata
def test_every_kata_is_complete(kata_under_test: Kata) -> None:
    """README, hints and alternatives are there."""
    assert structure.is_complete(kata_under_test) == []


@each_kata
def test_every_kata_has_mistakes_that_are_recognised(kata_under_test: Kata) -> None:
    """At least five, each with a fingerprint of its failure."""
    assert structure.has_mistakes(kata_under_test) == []
