"""What is written down of a learner's runs, and the commands that show it or bring an answer back."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.command import mqkata
from support.mini import SOLUTION, STUB, Mini

from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.progress import restore
from pytest_mqkata.progress.records import Record
from pytest_mqkata.progress.store import Store
from pytest_mqkata.testing import eventually

pytestmark = pytest.mark.timeout(120)

RED_AT_2 = """
def store(client, value: int) -> bool:
    return True
"""

MISTAKE = '''
"""Adds one too many.

Step: 1
Why: a fence has one post more than it has gaps.
"""


def add(a, b):
    return a + b + 1
'''


@pytest.fixture
def kata(mini: Mini) -> Kata:
    return Kata(mini.root, "redis", "01")


@pytest.fixture
def kept(mini: Mini) -> Store:
    """What is written down in the project."""
    return Store(mini.root)


def _git(mini: Mini, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments],
        cwd=mini.root,
        check=True,
        capture_output=True,
    )


def _committed(mini: Mini) -> None:
    _git(mini, "init", "-q")
    _git(mini, "add", ".")
    _git(mini, "commit", "-qm", "katas")


# runs


def test_a_run_is_written_down_whoever_starts_it(mini: Mini, kept: Store) -> None:
    """Colours, the failed test's words, the answer as it was: from a terminal, a folder below, several workers."""
    mini.write(store=RED_AT_2)
    mini.pytest()
    mini.pytest("test_mini.py", cwd=mini.kata)
    mini.pytest("katas/redis/01", "-n", "2")

    records = list(kept.records("redis/01"))
    assert [record.number for record in records] == [3, 2, 1]
    for record in records:
        assert record.steps[1] == "green"
        assert record.steps[2] == "red"
        assert record.colour == "red"
        assert record.failed is not None
        assert record.failed.headline.startswith("The key n does not hold 7")
        assert record.failed.where == "katas/redis/01/test_mini.py:30" or ":" in record.failed.where
        assert kept.content(record.files["mini.py"]) == mini.answer.read_bytes()
    assert records[2].steps[3] == "waiting"
    assert records[2].brokers[0].startswith("Redis")


def test_runs_of_other_answers_are_not_written_down(mini: Mini, kept: Store) -> None:
    """The solution's, and those of `--answers`, say nothing about the learner."""
    mini.pytest("--solutions", "katas/redis/01")
    other = mini.root / "group" / "redis" / "01"
    other.mkdir(parents=True)
    (other / "mini.py").write_text(SOLUTION)
    mini.pytest("--answers=group", "katas/redis/01")

    assert list(kept.records("redis/01")) == []


def test_a_run_of_one_step_says_nothing_about_the_others(mini: Mini, kept: Store) -> None:
    """What an earlier whole run said of them still holds."""
    mini.write(store=RED_AT_2)
    mini.pytest("--all-steps", "katas/redis/01")
    assert kept.standing("redis/01") == {1: "green", 2: "red", 3: "red"}
    mini.write()
    mini.pytest("--step", "2", "katas/redis/01")
    assert kept.standing("redis/01") == {1: "green", 2: "green", 3: "red"}
    mini.pytest("-k", "step3", "katas/redis/01")
    assert kept.standing("redis/01") == {1: "green", 2: "green", 3: "green"}


def test_an_interrupted_run_is_written_down_as_such(mini: Mini, kept: Store) -> None:
    """Ctrl-C in the middle: what was green until then, and that it was interrupted."""
    mini.write(store="def store(client, value):\n    import time\n    print('begun', flush=True)\n    time.sleep(60)")
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-s", "katas/redis/01", "-o", "timeout=90"],
        cwd=mini.root,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert run.stdout is not None
    for line in run.stdout:
        if "begun" in line:
            break
    os.killpg(run.pid, signal.SIGINT)
    run.communicate(timeout=30)

    record = kept.last_run("redis/01")
    assert record is not None
    assert record.interrupted
    assert not record.whole
    assert record.steps[1] == "green"


def test_two_runs_at_once_get_numbers_of_their_own(mini: Mini, kept: Store) -> None:
    """Nobody overwrites what another process wrote."""
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", "katas/redis/01"], cwd=mini.root, stdout=subprocess.DEVNULL
        )
        for _ in range(4)
    ]
    for run in runs:
        run.wait(timeout=60)

    assert [record.number for record in kept.records("redis/01")] == [4, 3, 2, 1]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"format": 99}', '{"format": 1, "kata": 7}', "\0" * 50])
def test_a_damaged_record_is_set_aside(mini: Mini, kept: Store, damage: str) -> None:
    """With a sentence; the other records are as they were."""
    for moment in (1.0, 2.0):
        kept.add(Record("saved", "redis/01", moment))
    file = mini.root / ".mqkata/history/redis-01/000002.json"
    file.write_text(damage)
    (file.parent / "notes.txt").write_text("mine")
    (file.parent / ".4711-1").write_text("half writ")
    done = mqkata("history", "redis/01", cwd=mini.root)

    assert done.status == 0
    assert re.search(
        r"\.mqkata/history/redis-01/000002.json was set aside as \.mqkata/aside/\d+-000002.json: ", done.err
    )
    assert "Nothing else is affected." in done.err
    assert "Traceback" not in done.out + done.err
    assert [record.number for record in kept.records("redis/01")] == [1]
    assert kept.add(Record("saved", "redis/01", 3.0)).number == 2


def test_a_folder_that_cannot_be_written_is_told_and_the_run_goes_on(mini: Mini) -> None:
    """Here a file stands where the folder should be."""
    (mini.root / ".mqkata").write_text("")
    run = mini.pytest()

    assert run.status == 1
    assert "not written yet: `add()`" in run.output
    assert "This run is not in the history: " in run.output
    assert "Traceback" not in run.output


# where one is


def test_where_am_i(mini: Mini) -> None:
    """Before the first run, red, amber and green: what is done, what failed, what to do next; the status by colour."""
    first = mqkata(cwd=mini.root)
    assert first.status == 0
    assert first.out.splitlines()[-1] == "Next: pytest katas/redis/01"

    mini.write(store=RED_AT_2)
    mini.pytest()
    red = mqkata(cwd=mini.root / "solutions")
    assert red.status == 1
    assert "✔  1  Add" in red.out
    assert "✘  2  Store" in red.out
    assert "1 of 3 steps passed, last run " in red.out
    assert "The key n does not hold 7" in red.out
    assert red.out.splitlines()[-1] == "Next: mqkata hint, mqkata explain, or pytest katas/redis/01"

    mini.answer.write_text("def add(:\n")
    assert "Your answer has changed since that run." in mqkata(cwd=mini.root).out
    mini.pytest()
    amber = mqkata(cwd=mini.root)
    assert amber.status == 2
    assert "katas/redis/01/mini.py:1" in amber.out

    mini.write()
    mini.pytest()
    green = mqkata(cwd=mini.root)
    assert green.status == 0
    assert "3 of 3 steps passed" in green.out
    assert "mqkata diff redis/01" in green.out


def test_the_list_shows_how_far_each_kata_is(mini: Mini) -> None:
    """Steps done of all, whether the tests are newer than the run, and with --todo only what is left."""
    (mini.kata / "README.md").write_text(
        (mini.kata / "README.md")
        .read_text()
        .replace(
            "# Redis 01 · Mini\n",
            "# Redis 01 · Mini\n\n**Time** 25 minutes · **Difficulty** 2 of 3 · **Needs** a Redis cluster\n",
        )
    )
    assert "0/3" in mqkata("list", cwd=mini.root).out
    mini.write()
    mini.pytest()
    line = next(line for line in mqkata("list", "redis", cwd=mini.root).out.splitlines() if "redis/01" in line)
    assert line.split() == ["redis/01", "Mini", "✔✔✔", "3/3", "25", "●●○", "cluster", "works"]
    assert "redis/01 " not in mqkata("list", "--todo", cwd=mini.root).out
    test_file = mini.kata / "test_mini.py"
    test_file.write_text(test_file.read_text() + "\n")
    assert "3/3 tests newer" in mqkata("list", cwd=mini.root).out
    assert max(map(len, mqkata("list", cwd=mini.root, columns=80).out.splitlines())) <= 80


def test_next_and_goto(mini: Mini) -> None:
    """The order is recommended, the current kata can be chosen without a run."""
    (mini.root / "katas" / "study-path.toml").write_text('[[week]]\ntitle = "Sums"\nkatas = ["redis/01", "nats/09"]\n')
    done = mqkata("next", cwd=mini.root)
    assert "Week 1 · Sums" in done.out
    assert "Next: pytest katas/redis/01" in done.out.splitlines()[-1]

    went = mqkata("goto", "redis/1", cwd=mini.root)
    assert "katas/redis/01/mini.py:1" in went.out
    assert "Not run yet." in mqkata(cwd=mini.root).out
    assert mqkata("goto", "redis/02", cwd=mini.root).status == 4


def test_a_command_without_a_kata_before_the_first_run_asks_for_one(mini: Mini) -> None:
    """In a kata's own folder it means that one."""
    done = mqkata("history", cwd=mini.root)
    assert done.status == 4
    assert "no kata was run here yet, so say which one you mean, such as redis/01." in done.err
    assert mqkata("history", cwd=mini.kata).status == 0


# hints


def _hints(mini: Mini) -> None:
    steps = "\n".join(f'[step.{step}]\nlevels = ["idea {step}", "concept {step}", "code {step}"]' for step in (1, 2, 3))
    (mini.kata / "hints.toml").write_text(steps)


def test_hints_come_one_at_a_time(mini: Mini) -> None:
    """For the step that failed last; which were shown is remembered."""
    _hints(mini)
    mini.write(store=RED_AT_2)
    mini.pytest()
    shown = [mqkata("hint", cwd=mini.root).out for _ in range(4)]

    assert "Step 2 · Store" in shown[0]
    assert "idea 2" in shown[0]
    assert "concept 2" not in shown[0]
    assert "concept 2" in shown[1]
    assert "code 2" in shown[2]
    assert "code 2" in shown[3]
    assert "mqkata diff redis/01 --step 2" in shown[2].splitlines()[-1]
    assert "idea 3" in mqkata("hint", "redis/01", "--step", "3", cwd=mini.root).out
    assert "code 1" in mqkata("hint", "katas/redis/01/", "--step", "1", "--level", "3", cwd=mini.root).out


def test_a_hint_before_the_first_run_is_for_the_first_step(mini: Mini) -> None:
    """And on a green kata there is none."""
    _hints(mini)
    assert "idea 1" in mqkata("hint", cwd=mini.kata).out
    mini.write()
    mini.pytest()
    assert "redis/01 is green" in mqkata("hint", cwd=mini.root).out


def test_a_failure_that_looks_like_a_recorded_mistake_is_told_first(mini: Mini) -> None:
    """Another answer that fails just so gets that mistake's explanation; one that fails otherwise does not."""
    _hints(mini)
    folder = mini.root / "tests/mistakes/redis/01"
    folder.mkdir(parents=True)
    (folder / "off_by_two.py").write_text(MISTAKE)
    said = "add(0, 1) gave 2: that is not the sum."
    (folder / "fingerprints.json").write_text(json.dumps({"off_by_two": [[["test_step1_add", said]]]}))
    mini.write(add="def add(a, b):\n    return sum([a, b, 1])")
    mini.pytest()
    alike = mqkata("hint", cwd=mini.root).out
    assert (
        alike.index("This looks like: adds one too many.")
        < alike.index("A fence has one post more")
        < alike.index("idea 1")
    )
    assert "This looks like" not in mqkata("hint", cwd=mini.root).out  # it was told already

    mini.write(add="def add(a, b):\n    raise OSError('no disk')")
    mini.pytest()
    assert "This looks like" not in mqkata("hint", cwd=mini.root).out


# going back


def test_reset_and_undo(mini: Mini) -> None:
    """The stub again; undo brings the answer back, and undo again the stub."""
    _committed(mini)
    mini.write()
    written = mini.answer.read_bytes()
    done = mqkata("reset", "redis/01", cwd=mini.root)
    assert mini.answer.read_text() == STUB
    assert "What was there is kept as 1." in done.out
    assert "mqkata reset redis/01 --undo" in done.out
    assert "is the stub already" in mqkata("reset", "redis/01", cwd=mini.root).out
    mqkata("reset", "redis/01", "--undo", cwd=mini.root)
    assert mini.answer.read_bytes() == written
    mqkata("reset", "redis/01", "--undo", cwd=mini.root)
    assert mini.answer.read_text() == STUB


def test_reset_finds_the_stub_behind_committed_answers(mini: Mini) -> None:
    """Learners commit their work; where there is no git, the first run has kept the stub."""
    mini.pytest()
    mini.write(store=RED_AT_2)
    mqkata("reset", "redis/01", cwd=mini.root)
    assert mini.answer.read_text() == STUB

    _committed(mini)
    for _ in range(2):
        mini.write(store=RED_AT_2)
        mini.answer.write_text(mini.answer.read_text() + "\n")
        _git(mini, "commit", "--allow-empty", "-qam", "my answer")
    (mini.root / ".mqkata").rename(mini.root / "elsewhere")
    mqkata("reset", "redis/01", cwd=mini.root)
    assert mini.answer.read_text() == STUB


def test_a_stub_that_is_nowhere_leaves_the_answer_alone(mini: Mini) -> None:
    """No git, no run before: one sentence, status 4."""
    mini.write()
    done = mqkata("reset", "redis/01", cwd=mini.root)

    assert done.status == 4
    assert "The stub of redis/01 is not to be found" in done.err
    assert mini.answer.read_text().startswith(SOLUTION)


def test_reset_of_one_function(mini: Mini) -> None:
    """The others stay; one that is gone is put back; a name that the stub has not is refused."""
    _committed(mini)
    mini.write()
    mqkata("reset", "redis/01", "--function", "store", cwd=mini.root)
    text = mini.answer.read_text()
    assert "return a + b" in text
    assert 'client.set("n", value)' not in text
    assert text.count("raise NotImplementedError") == 1

    mini.answer.write_text(text.replace("def add(", "def plus("))
    mqkata("reset", "redis/01", "--function", "add", cwd=mini.root)
    assert mini.answer.read_text().count("raise NotImplementedError") == 2
    refused = mqkata("reset", "redis/01", "--function", "subtract", cwd=mini.root)
    assert refused.status == 4
    assert "It has: add, store, store_later." in refused.err
    mini.answer.write_text("def add(:\n")
    broken = mqkata("reset", "redis/01", "--function", "add", cwd=mini.root)
    assert broken.status == 4
    assert "mini.py:1: " in broken.err
    assert mini.answer.read_text() == "def add(:\n"


def test_history_and_checkout(mini: Mini) -> None:
    """Each run with its colour and steps; any answer can be had again, and the way back too."""
    mini.pytest()
    mini.write(store=RED_AT_2)
    second = mini.answer.read_bytes()
    mini.pytest()
    mini.write()
    third = mini.answer.read_bytes()
    shown = mqkata("history", cwd=mini.root).out
    assert re.search(r"^ +1 .*✘ ✘··  0/3  step 1: not written yet", shown, re.MULTILINE)
    assert re.search(r"^ +2 .*✘ ✔✘·  1/3  step 2: The key n", shown, re.MULTILINE)
    assert "+    return a + b" in mqkata("history", "--diff", "1", "--to", "2", cwd=mini.root).out

    assert "(now)" in mqkata("history", "--diff", "2", cwd=mini.root).out
    mqkata("checkout", "2", cwd=mini.root)
    assert mini.answer.read_bytes() == second
    mqkata("checkout", "1", cwd=mini.root)
    assert mini.answer.read_text() == STUB
    mqkata("reset", "--undo", cwd=mini.root)
    assert mini.answer.read_bytes() == second
    assert "saved before checkout of 2" in mqkata("history", cwd=mini.root).out
    mqkata("checkout", "3", cwd=mini.root)
    assert mini.answer.read_bytes() == third
    assert mqkata("checkout", "77", cwd=mini.root).status == 4


def test_a_kept_answer_that_is_damaged_is_not_brought_back(mini: Mini) -> None:
    """It is told, and the present answer stays."""
    mini.write(store=RED_AT_2)
    mini.pytest()
    for file in (mini.root / ".mqkata/answers").iterdir():
        file.write_text("rubbish")
    mini.write()
    done = mqkata("checkout", "1", cwd=mini.root)

    assert done.status == 4
    assert "mini.py of run 1 was not kept, or its copy in .mqkata/ is damaged." in done.err
    assert mini.answer.read_text().startswith(SOLUTION)


def test_an_answer_that_cannot_be_saved_is_not_replaced(mini: Mini) -> None:
    """Status 3 and a sentence; nothing is changed. Here a file stands where the folder should be."""
    _committed(mini)
    mini.write()
    (mini.root / ".mqkata").write_text("")
    done = mqkata("reset", "redis/01", cwd=mini.root)

    assert done.status == 3
    assert "cannot be written" in done.err
    assert "Your answer is as it was." in done.err
    assert mini.answer.read_text().startswith(SOLUTION)


@pytest.mark.parametrize("end", [KeyboardInterrupt, OSError])
@pytest.mark.parametrize("action", ["reset", "check_out", "undo"])
def test_whatever_ends_it_in_whatever_moment_no_answer_is_lost(
    mini: Mini, kata: Kata, monkeypatch: pytest.MonkeyPatch, end: type[BaseException], action: str
) -> None:
    """Ctrl-C, or a full disk, before each call that changes a file: the old answer can always be had again."""
    _committed(mini)
    for moment in itertools.count():
        shutil.rmtree(mini.root / ".mqkata", ignore_errors=True)
        kept = Store(mini.root)
        mini.answer.write_text(f"{SOLUTION}\n# {action} {moment}\n")
        before = mini.answer.read_bytes()
        if action != "reset":
            number = kept.add(Record("saved", kata.id, 1.0, files=kept.keep({"mini.py": STUB.encode()}))).number
            if action == "undo":
                undo_file = mini.root / ".mqkata" / "undo" / "redis-01"
                undo_file.parent.mkdir(parents=True, exist_ok=True)
                undo_file.write_text(str(number))
        with monkeypatch.context() as patch:
            calls = _ends_at(patch, moment, end)
            try:
                match action:
                    case "reset":
                        restore.reset(kata, kept)
                    case "check_out":
                        restore.check_out(kata, kept, number)
                    case "undo":
                        restore.undo(kata, kept)
            except (end, restore.CannotRestore):
                pass
        after = mini.answer.read_bytes()
        assert after in (before, STUB.encode()), f"at call {moment} the answer was left in pieces"
        if after != before:
            answers = [kept.content(record.files["mini.py"]) for record in kept.records(kata.id)]
            assert before in answers, f"at call {moment} the answer was lost"
        if len(calls) <= moment:
            assert after == STUB.encode()
            break
    assert moment > 4


def _ends_at(patch: pytest.MonkeyPatch, moment: int, end: type[BaseException]) -> list[str]:
    """Let the call number `moment` of those that change files end otherwise; the calls so far."""
    calls: list[str] = []

    def watched(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            calls.append(name)
            if len(calls) == moment + 1:
                raise end(f"at {name}")
            return real(*arguments, **options)

        return call

    for name in ("replace", "write_text", "mkdir", "open", "chmod"):
        patch.setattr(Path, name, watched(name, getattr(Path, name)))
    for name in ("link", "fsync"):
        patch.setattr(os, name, watched(name, getattr(os, name)))
    return calls


def test_a_killed_process_leaves_nothing_that_disturbs(mini: Mini, kept: Store) -> None:
    """SIGKILL between writing and naming: the draft is not taken for a record."""
    code = (
        "import os, signal, sys; from pathlib import Path; from pytest_mqkata.progress import store;"
        "store.os.link = lambda *_: os.kill(os.getpid(), signal.SIGKILL);"
        "s = store.Store(Path('.')); s.add(store.Record('saved', 'redis/01', 1.0))"
    )
    killed = subprocess.run([sys.executable, "-c", code], cwd=mini.root, check=False)
    assert killed.returncode == -signal.SIGKILL
    mini.pytest()

    assert [record.number for record in kept.records("redis/01")] == [1]
    eventually(lambda: mqkata("history", cwd=mini.root).err == "", message="history complains")
