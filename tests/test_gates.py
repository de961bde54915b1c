"""Each gate fails when it should: on a doctored kata in a temporary folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.mini import Mini

from pytest_mqkata.authoring import gates, structure
from pytest_mqkata.authoring.reach import reach
from pytest_mqkata.katas.examples import Alternative, Mistake, alternatives, mistakes
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.katas.outline import configs

pytestmark = pytest.mark.timeout(120)

README = """\
# Redis 01 · Mini

**Time** 5 minutes · **Difficulty** 1 of 3 · **Needs** one Redis server

## What you will be able to do
## What you need to know first
```mermaid
graph LR
```
## Steps
### Step 1 · Add
### Step 2 · Store
### Step 3 · Store in a coroutine
## How to run
## When you are done
"""

HINTS = "\n".join(f'[step.{number}]\nlevels = ["a", "b", "c"]' for number in (1, 2, 3))

MISTAKE = '''\
"""Takes away.

Step: 1
Why: a sum is not a difference.
"""


def add(a: int, b: int) -> int:
    return a - b
'''


@pytest.fixture
def kata(mini: Mini) -> Kata:
    """A complete kata: every gate passes on it."""
    (mini.kata / "README.md").write_text(README)
    (mini.kata / "hints.toml").write_text(HINTS)
    for number in range(5):
        _write(mini.root / f"tests/mistakes/redis/01/wrong{number}.py", MISTAKE)
    samples = {
        f"wrong{number}": [[["test_step1_add", "add(0, 1) gave -1: that is not the sum."]]] for number in range(5)
    }
    _write(mini.root / "tests/mistakes/redis/01/fingerprints.json", json.dumps(samples))
    solution = mini.root / "solutions/redis/01/mini.py"
    _write(mini.root / "tests/alternatives/redis/01/other.py", solution.read_text())
    return Kata(mini.root, "redis", "01")


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_all_gates_pass_on_a_good_kata(kata: Kata) -> None:
    """What follows changes one thing each."""
    assert gates.stub_is_red(kata) == []
    assert gates.solution_is_green(kata) == []
    assert gates.solution_is_green(kata, backwards=True) == []
    assert gates.solution_is_green(kata, "-n", "2") == []
    assert gates.solution_is_green(kata, "--step", "2") == []
    assert [gates.mistake_is_rejected(mistake) for mistake in mistakes(kata)] == [[]] * 5
    assert [gates.alternative_is_green(one) for one in alternatives(kata)] == [[]]
    assert [gates.ladder(kata, rung) for rung in range(gates.rungs(kata))] == [[]] * 3
    assert structure.stub_and_solution_agree(kata) == []
    assert structure.is_complete(kata) == []
    assert structure.has_mistakes(kata) == []


def test_a_stub_that_passes_a_step_is_caught(kata: Kata) -> None:
    """A step whose function is not a stub, and one that fails for another reason."""
    stub = kata.folder / "mini.py"
    _replace(stub, '"""The sum."""\n    raise NotImplementedError', '"""The sum."""\n    return a + b')
    assert any("test_step1_add is green on the stub" in problem for problem in gates.stub_is_red(kata))

    _replace(stub, "return a + b", "return 0")
    assert any("test_step1_add is red on the stub: add(" in problem for problem in gates.stub_is_red(kata))


def test_a_step_without_a_test_is_caught(kata: Kata) -> None:
    """The README promises a step that nothing checks."""
    _replace(kata.folder / "README.md", "## How to run", "### Step 4 · More\n## How to run")
    kata = Kata(kata.root, kata.broker, kata.number)

    assert "step 4 of the README has no test" in gates.stub_is_red(kata)
    assert any("its steps are [1, 2, 3, 4]" in problem for problem in structure.is_complete(kata))


def test_a_solution_that_fails_is_caught(kata: Kata) -> None:
    """One red step."""
    _replace(kata.solution_folder / "mini.py", "return a + b", "return a - b")

    assert any("test_step1_add is red" in problem for problem in gates.solution_is_green(kata))


def test_a_step_that_needs_an_earlier_one_is_caught(kata: Kata) -> None:
    """Backwards, alone and in two workers, a hidden order shows."""
    test = kata.folder / "test_mini.py"
    _replace(test, "def test_step1_add(kata, a):", "def test_step1_add(kata, a):\n    seen.append(1)")
    _replace(
        test, "def test_step2_store(kata, client):", "def test_step2_store(kata, client):\n    assert seen, 'too soon'"
    )
    _replace(test, "import pytest\n", "import pytest\n\nseen = []\n")
    assert gates.solution_is_green(kata) == []

    assert any("too soon" in problem for problem in gates.solution_is_green(kata, backwards=True))
    assert any("too soon" in problem for problem in gates.solution_is_green(kata, "--step", "2"))


def test_workers_that_see_each_other_are_caught(kata: Kata) -> None:
    """Steps that share a file fail in two workers."""
    test = kata.folder / "test_mini.py"
    shared = kata.root / "shared"
    check = f"""
    import pathlib, time
    shared = pathlib.Path({str(shared)!r})
    assert not shared.exists(), "somebody else is here"
    shared.write_text("")
    time.sleep(2)
    shared.unlink()
"""
    _replace(test, "def test_step2_store(kata, client):\n", f"def test_step2_store(kata, client):{check}")
    _replace(
        test,
        "async def test_step3_store_later(kata, client):\n",
        f"async def test_step3_store_later(kata, client):{check}",
    )
    _replace(test, "timeout(2)", "timeout(20)")
    assert gates.solution_is_green(kata) == []

    assert any("somebody else" in problem for problem in gates.solution_is_green(kata, "-n", "2"))


def test_a_mistake_that_passes_or_fails_elsewhere_is_caught(kata: Kata) -> None:
    """A harmless mistake, and one that names the wrong step."""
    path = kata.root / "tests/mistakes/redis/01/wrong0.py"
    _write(path, MISTAKE.replace("a - b", "a + b"))
    assert gates.mistake_is_rejected(Mistake(kata, path)) == ["wrong0 names step 1, but no step rejects it first"]

    _write(path, MISTAKE.replace("Step: 1", "Step: 2"))
    assert gates.mistake_is_rejected(Mistake(kata, path)) == ["wrong0 names step 2, but step 1 rejects it first"]


def test_a_mistake_that_cannot_be_loaded_is_caught(kata: Kata) -> None:
    """Amber is not red."""
    path = kata.root / "tests/mistakes/redis/01/wrong0.py"
    _write(path, MISTAKE + "\nimport nonsense\n")

    assert gates.mistake_is_rejected(Mistake(kata, path)) != []


def test_an_alternative_that_fails_is_caught(kata: Kata) -> None:
    """A right answer that the tests reject, or a wrong one among the right."""
    path = kata.root / "tests/alternatives/redis/01/other.py"
    _replace(path, "return a + b", "return a - b")

    assert gates.alternative_is_green(Alternative(kata, path)) != []


def test_a_broken_ladder_is_caught(kata: Kata) -> None:
    """A step that needs a function of a later one."""
    test = kata.folder / "test_mini.py"
    _replace(
        test,
        "    done = kata.store(client, 7)",
        "    done = kata.store(client, 7)\n    kata.store_later(client, 7).send(None)",
    )

    assert gates.ladder(kata, 2) != []


@pytest.fixture
def config_kata(kata: Kata) -> Kata:
    """The same kata with a configuration file, which its first step reads."""
    test = kata.folder / "test_mini.py"
    _replace(test, '@pytest.mark.step(1, "add")', '@pytest.mark.step(1, "mini.conf", "add")')
    _replace(test, "def test_step1_add(kata, a):", "def test_step1_add(kata, kata_dir, a):")
    _replace(
        test,
        "    got = kata.add(a, 1)",
        "    assert 'port 1' in (kata_dir / 'mini.conf').read_text(), 'the port is not 1'\n    got = kata.add(a, 1)",
    )
    _write(kata.folder / "mini.conf", "# the port\n\n# TODO\n")
    _write(kata.solution_folder / "mini.conf", "port 1\n")
    return kata


def test_gates_know_configuration_files(config_kata: Kata) -> None:
    """A blank one is a stub, and a rung of the ladder."""
    assert configs(config_kata) == ["mini.conf"]
    assert gates.stub_is_red(config_kata) == []
    assert gates.solution_is_green(config_kata) == []
    assert gates.rungs(config_kata) == 4
    assert [gates.ladder(config_kata, rung) for rung in range(4)] == [[]] * 4
    assert structure.stub_and_solution_agree(config_kata) == []


def test_a_mistake_in_a_configuration_file(config_kata: Kata) -> None:
    """It is rejected by the step that it names; a harmless one is caught."""
    path = config_kata.root / "tests/mistakes/redis/01/wrong_port"
    _write(path / "mini.conf", "port 2\n")
    _write(path / "mistake.toml", 'title = "Another port"\nstep = 1\nwhy = "Nobody listens there."\n')
    mistake = Mistake(config_kata, path)
    assert (mistake.step, mistake.why) == (1, "Nobody listens there.")
    assert gates.mistake_is_rejected(mistake) == []

    _write(path / "mini.conf", "port 1\n")
    assert gates.mistake_is_rejected(mistake) == ["wrong_port names step 1, but no step rejects it first"]


def test_of_a_mistake_the_steps_within_its_reach_are_run(kata: Kata) -> None:
    """The others see the solution, as in a dozen runs before. `store_later` calls `store`."""
    path = kata.root / "tests/mistakes/redis/01/wrong0.py"
    about = MISTAKE.partition("\n\n\n")[0].replace("Step: 1", "Step: 2")
    _write(path, f"{about}\n\n\ndef store(client, value):\n    return bool(client.set('n', value))\n")
    mistake = Mistake(kata, path)
    assert {one.step for one in gates.run_mistake(mistake)} == {2, 3}

    _write(path, path.read_text() + "\nprint('what else may this do?')\n")
    assert {one.step for one in gates.run_mistake(mistake)} == {1, 2, 3}


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ("def a(): ...", {"a", "b", "C", "d"}),
        ("def b(): ...", {"b", "C", "d"}),
        ("class C(C): ...", {"C", "d"}),
        ("import time", {"time", "d"}),
        ("from os import path as e", {"e", "d"}),
        ("_kept = b\n\n\ndef b(): ...", {"_kept", "b", "C", "d"}),
        ("'About.'\nx: int = 1\ny, z = 1, 2", {"x", "y", "z"}),
        ("C.method = None", None),
        ("time.sleep(1)", None),
        ("for x in (): pass", None),
    ],
)
def test_how_far_a_mistake_reaches(wrong: str, expected: set[str] | None) -> None:
    """Whatever uses a name that is bound anew; None where more is done than binding names."""
    solution = """\
import time
from os import path as e

def a(): return 1
def b(): return a()

class C:
    def method(self): return b()

def d(x=e):
    time.sleep(C().method())

def alone(): return "a"
"""
    assert reach(solution, wrong) == expected


def test_of_a_mistake_in_a_configuration_file_the_steps_that_read_it_are_run(config_kata: Kata) -> None:
    """And with a wrong function beside it, the steps that call that as well."""
    path = config_kata.root / "tests/mistakes/redis/01/wrong_port"
    _write(path / "mini.conf", "port 1\n")
    _write(path / "mistake.toml", 'title = "None"\nstep = 1\nwhy = "It is right."\n')
    mistake = Mistake(config_kata, path)
    assert {one.step for one in gates.run_mistake(mistake)} == {1}

    _write(path / config_kata.module, "async def store_later(client, value):\n    return True\n")
    assert {one.step for one in gates.run_mistake(mistake)} == {1, 3}


def test_an_alternative_with_another_configuration_file(config_kata: Kata) -> None:
    """Its files are used, the others are the solution's."""
    path = config_kata.root / "tests/alternatives/redis/01/folder"
    _write(path / "mini.conf", "# mine\nport 1\n")
    assert gates.alternative_is_green(Alternative(config_kata, path)) == []

    _write(path / "mini.conf", "port 7\n")
    assert gates.alternative_is_green(Alternative(config_kata, path)) != []


def test_a_configuration_file_without_a_stub_is_caught(config_kata: Kata) -> None:
    """Learners would not know of it."""
    (config_kata.folder / "mini.conf").unlink()

    assert structure.stub_and_solution_agree(config_kata) == ["mini.conf is not there as a stub and as a solution"]


def test_of_a_cluster_kata_only_the_mistakes_step_is_run(kata: Kata) -> None:
    """Its steps take seconds each."""
    _replace(kata.folder / "README.md", "one Redis server", "a Redis cluster of three nodes")
    kata = Kata(kata.root, kata.broker, kata.number)
    assert kata.needs_cluster
    path = kata.root / "tests/mistakes/redis/01/wrong0.py"
    _write(path, MISTAKE.replace("Step: 1", "Step: 2"))

    assert gates.mistake_is_rejected(Mistake(kata, path)) == ["wrong0 names step 2, but no step rejects it first"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "def add(a: int, b: int) -> int:",
            "def add(a: int, b: int, c: int = 0) -> int:",
            "add: the signature differs",
        ),
        ('"""The sum."""', '"""The total."""', "add: the docstring differs"),
        ("def add(", "def plus(", "plus is in the solution, not in the stub"),
        ("async def store_later", "def store_later", "store_later: the signature differs"),
    ],
)
def test_a_solution_that_differs_from_the_stub_is_caught(kata: Kata, old: str, new: str, expected: str) -> None:
    """Names, signatures and docstrings."""
    _replace(kata.solution_folder / "mini.py", old, new)

    assert any(problem.startswith(expected) for problem in structure.stub_and_solution_agree(kata))


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("katas/redis/01/README.md", "**Time** 5 minutes", "Time: some", "the line with Time"),
        ("katas/redis/01/README.md", "## When you are done\n", "", "'When you are done' is missing"),
        ("katas/redis/01/README.md", "```mermaid", "```text", "no mermaid picture"),
        ("katas/redis/01/README.md", "### Step 2 · Store\n", "", "its steps are [1, 3]"),
        ("katas/redis/01/hints.toml", '["a", "b", "c"]', '["a", "b"]', "step 1 has 2 levels"),
        ("tests/mistakes/redis/01/wrong1.py", "Step: 1", "Somewhere", "wrong1: it does not say"),
        ("tests/mistakes/redis/01/wrong1.py", "Why: ", "", "wrong1: it does not say"),
    ],
)
def test_what_is_missing_is_named(kata: Kata, file: str, old: str, new: str, expected: str) -> None:
    """README, hints and mistakes in their form."""
    _replace(kata.root / file, old, new)
    kata = Kata(kata.root, kata.broker, kata.number)

    assert any(expected in problem for problem in structure.is_complete(kata))


def test_too_few_mistakes_and_no_alternative_are_named(kata: Kata) -> None:
    """At least five, at least one."""
    (kata.root / "tests/mistakes/redis/01/wrong0.py").unlink()
    (kata.root / "tests/alternatives/redis/01/other.py").unlink()

    assert structure.is_complete(kata) == ["there is no alternative"]
    assert "there are 4 mistakes, fewer than 5" in structure.has_mistakes(kata)
