"""What a learner sees of a kata: steps, messages, colours, and that no answer can break the run."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from support.mini import SOLUTION, Mini


def test_an_untouched_stub_is_red_without_a_broker(mini: Mini, own_run: Path) -> None:
    """The first step names the function to write and where; no supervisor and no broker is started."""
    begun = time.monotonic()
    run = mini.pytest()
    seconds = time.monotonic() - begun

    assert run.status == 1
    assert "not written yet: `add()` in katas/redis/01/mini.py:3" in run.output
    assert "0 of 3 steps passed" in run.output
    assert "1 failed, 2 not tried" in run.output
    assert "Traceback" not in run.output
    assert list(own_run.iterdir()) == []
    assert seconds < 5


def test_all_steps_are_red_on_the_stub_with_all_steps(mini: Mini) -> None:
    """`--all-steps` goes on after the first failing step."""
    run = mini.pytest("katas/redis/01", "--all-steps")

    assert run.output.count("not written yet: `") >= 3
    assert "3 failed" in run.output


def test_the_solution_is_green(mini: Mini) -> None:
    """`--solutions` runs the reference answer and says so; the header line names the broker."""
    run = mini.pytest("--solutions", "katas/redis/01")

    assert run.status == 0, run.output
    assert "All 3 steps passed." in run.output
    assert "the answer that ran: solutions/redis/01" in run.output
    assert "Redis" in run.output
    assert "native (" in run.output


def test_answers_from_any_folder(mini: Mini) -> None:
    """`--answers DIR` runs the answers of a folder of the same shape."""
    other = mini.root / "group-a" / "redis" / "01"
    other.mkdir(parents=True)
    (other / "mini.py").write_text(SOLUTION.replace("a + b", "a - b"))
    run = mini.pytest("--answers", "group-a", "katas/redis/01")

    assert run.status == 1
    assert "add(0, 1) gave -1: that is not the sum." in run.output
    assert "group-a/redis/01" in run.output


@pytest.mark.parametrize("folder", ["", "katas", "katas/redis"])
def test_runs_from_any_folder_above_the_kata(mini: Mini, folder: str) -> None:
    """The working folder does not matter."""
    start = mini.root / folder
    run = mini.pytest(str(mini.kata.relative_to(start)), cwd=start)

    assert "not written yet: `add()`" in run.output


def test_a_configuration_file_is_part_of_the_answer(mini: Mini) -> None:
    """A blank one is not written yet, and one that is gone is named; neither needs a broker."""
    test = mini.kata / "test_mini.py"
    test.write_text(test.read_text().replace('@pytest.mark.step(1, "add")', '@pytest.mark.step(1, "mini.conf")'))
    config = mini.kata / "mini.conf"
    config.write_text("# the port\n\n  # TODO\n")
    run = mini.pytest()
    assert "not written yet: `mini.conf` holds nothing but comments" in run.output
    assert "katas/redis/01/mini.conf:1" in run.output

    config.unlink()
    run = mini.pytest()
    assert "There is no mini.conf in " in run.output
    assert "0 of 3 steps passed" in run.output


def test_json_that_says_nothing_is_not_written_yet(mini: Mini) -> None:
    """A skeleton whose every value is empty is a stub; with one value in it, it is an answer."""
    test = mini.kata / "test_mini.py"
    test.write_text(test.read_text().replace('@pytest.mark.step(1, "add")', '@pytest.mark.step(1, "mini.json")'))
    config = mini.kata / "mini.json"
    config.write_text('{"title": "", "id": null, "panels": [{"targets": [{"expr": ""}], "grid": {}}]}\n')
    assert "not written yet: `mini.json` holds nothing but empty values" in mini.pytest().output

    config.write_text('{"title": "", "panels": [{"id": 0}]}\n')
    assert "mini.json" not in mini.pytest().output


def test_a_step_can_be_run_alone(mini: Mini) -> None:
    """`--step N` runs that step only."""
    mini.write(add="def add(a, b): return 0")
    run = mini.pytest("katas/redis/01", "--step", "2")

    assert run.status == 0, run.output
    assert "1 passed, 2 deselected" in run.output


@pytest.mark.parametrize("arguments", [("-x",), ("-n", "2"), ("-k", "step1"), ("-v",), ("-q",)])
def test_pytest_options_work(mini: Mini, arguments: tuple[str, ...]) -> None:
    """The usual options of pytest and pytest-xdist change nothing in the message."""
    run = mini.pytest("katas/redis/01", *arguments)

    assert run.status == 1
    assert "not written yet: `add()` in katas/redis/01/mini.py:3" in run.output
    assert "INTERNALERROR" not in run.output


def test_last_failed_repeats_the_failed_step(mini: Mini) -> None:
    """`--lf` runs just the step that failed."""
    mini.pytest("katas/redis/01")
    mini.write()
    run = mini.pytest("katas/redis/01", "--lf")

    assert run.status == 0, run.output
    assert "1 passed" in run.output


def test_collection_alone_runs_nothing(mini: Mini) -> None:
    """A test explorer's `--collect-only` lists plain test functions in step order."""
    run = mini.pytest("--collect-only", "-q", "katas/redis/01")

    assert run.status == 0
    assert run.output.index("test_step1_add") < run.output.index("test_step2_store")


def test_a_failed_property_names_the_replay_option(mini: Mini) -> None:
    """The example is shown, and the option that generates the same ones again does so."""
    mini.write(add="def add(a, b): return a + b if a < 10 else 0")
    run = mini.pytest()
    assert "a=10" in run.output
    (line,) = [line for line in run.output.splitlines() if "The same examples again" in line]

    again = mini.pytest(*line.split(": pytest ")[1].split())
    assert line in again.output


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def add(:\n", "katas/redis/01/mini.py:1: SyntaxError"),
        ("import nonsense\n", "katas/redis/01/mini.py:1: there is no module 'nonsense'"),
        ("x = 1\ny = x / 0\n", "katas/redis/01/mini.py:2: ZeroDivisionError"),
        ("import sys\nsys.exit(0)\n", "katas/redis/01/mini.py:2: the module calls sys.exit()"),
    ],
)
def test_an_answer_that_cannot_be_loaded_is_amber(mini: Mini, text: str, expected: str) -> None:
    """Its file and line are named; it does not count as a failed step."""
    mini.answer.write_text(text)
    run = mini.pytest()

    assert run.status == 1
    assert expected in run.output
    assert "1 not loaded" in run.output
    assert "Traceback" not in run.output


def test_a_missing_function_is_named(mini: Mini) -> None:
    """A renamed or deleted function of the stub is said to be missing."""
    mini.answer.write_text("def plus(a, b):\n    return a + b\n")
    run = mini.pytest()

    assert "mini.py has no `add`" in run.output


MISBEHAVIOUR = {
    "blocks": (
        "import time\ndef store(client, value):\n    time.sleep(1000)\n",
        "Not done after 2 s. `store()` was still at",
    ),
    "spins": (
        "def store(client, value):\n    while True:\n        pass\n",
        "Not done after 2 s. `store()` was still at",
    ),
    "swallows": (
        "import time\ndef store(client, value):\n    while True:\n        try:\n            time.sleep(1000)\n"
        "        except BaseException:\n            pass\n",
        "Not done after 2 s. `store()` was still at",
    ),
    "suppresses": (
        "import contextlib, time\ndef store(client, value):\n    while True:\n"
        "        with contextlib.suppress(BaseException):\n            time.sleep(1000)\n",
        "Not done after 2 s. `store()` was still at",
    ),
    "swallows in a helper": (
        "import time\ndef store(client, value):\n    while not done():\n        continue\n"
        "def done():\n    try:\n        time.sleep(1000)\n    except BaseException:\n        return False\n",
        "Not done after 2 s. `done()` was still at",
    ),
    "exits": (
        "import sys\ndef store(client, value):\n    sys.exit(3)\n",
        "your code ended the program with sys.exit()",
    ),
    "interrupts": ("def store(client, value):\n    raise KeyboardInterrupt\n", "your code raised KeyboardInterrupt"),
    "base exception": (
        "class Odd(BaseException): pass\ndef store(client, value):\n    raise Odd('strange')\n",
        "`store()` raised Odd: strange",
    ),
    "raises": ("def store(client, value):\n    return client.nonsense()\n", "`store()` raised AttributeError"),
    "leaves a connection": (
        "import redis\nkept = []\ndef store(client, value):\n"
        "    other = redis.Redis(port=client.get_connection_kwargs()['port'])\n    kept.append(other)\n"
        "    return other.set('n', value)\n",
        "a connection to the broker stayed open",
    ),
    "leaves a thread": (
        "import threading, time\ndef store(client, value):\n"
        "    threading.Thread(target=busy, name='mine').start()\n    return client.set('n', value)\n"
        "def busy():\n    while True:\n        time.sleep(0.1)\n",
        "the thread 'mine' still runs",
    ),
    "wrong type": ("def store(client, value):\n    client.set('n', value)\n", "store() returned None, not True."),
}


@pytest.mark.parametrize("name", MISBEHAVIOUR)
def test_misbehaviour_is_one_red_step_and_the_next_starts_clean(mini: Mini, name: str) -> None:
    """Whatever an answer does in step 2, that step is red with a sentence, and step 3 passes."""
    source, expected = MISBEHAVIOUR[name]
    mini.write(store=source, later="async def store_later(client, value):\n    client.set('n', value)\n")
    run = mini.pytest("katas/redis/01", "--all-steps")

    assert run.status == 1, run.output
    assert expected in run.output
    assert "✔  1  Add" in run.output
    assert "✘  2  Store" in run.output
    assert "✔  3  Store in a coroutine" in run.output
    assert "2 of 3 steps passed" in run.output
    assert "INTERNALERROR" not in run.output


@pytest.mark.parametrize(
    "source",
    [
        "async def store_later(client, value):\n    await asyncio.sleep(1000)\n",
        "async def store_later(client, value):\n    await asyncio.get_running_loop().create_future()\n",
        "import time\nasync def store_later(client, value):\n    time.sleep(1000)\n",
        "async def store_later(client, value):\n    await asyncio.Event().wait()\n",
    ],
)
def test_a_coroutine_that_never_ends_is_one_red_step(mini: Mini, source: str) -> None:
    """The place where a coroutine waits is found, although it is not on the stack."""
    mini.write(later=source)
    run = mini.pytest()

    assert "Not done after 2 s. `store_later()` was still at katas/redis/01/mini.py:" in run.output
    assert "2 of 3 steps passed" in run.output


def test_megabytes_of_output_are_cut(mini: Mini) -> None:
    """A report shows the end of what an answer printed, not all of it."""
    mini.write(store="def store(client, value):\n    print('x' * 5_000_000)\n")
    run = mini.pytest()

    assert "characters left out" in run.output
    assert len(run.output) < 20_000


def test_evidence_shows_what_the_broker_held(mini: Mini) -> None:
    """A failed assertion comes with the broker's state at that moment."""
    mini.write(store="def store(client, value):\n    return client.set('wrong', value)\n")
    run = mini.pytest()

    assert "The key n does not hold 7: nothing was stored." in run.output
    assert "what the broker held:" in run.output
    assert "wrong" in run.output


def test_helper_modules_beside_the_answer_can_be_imported(mini: Mini) -> None:
    """An answer may be split into several files."""
    (mini.kata / "helpers.py").write_text("def plus(a, b):\n    return a + b\n")
    mini.write(add="import helpers\ndef add(a, b):\n    return helpers.plus(a, b)\n")
    run = mini.pytest()

    assert run.status == 0, run.output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--answers", "nowhere", "katas/redis/01"), "--answers nowhere: there is no such folder"),
        (("--answers", "solutions", "--solutions", "katas/redis/01"), "exclude each other"),
        (("--step", "zero", "katas/redis/01"), "a step's number is 1, 2, 3"),
        (("katas/redis/09",), "katas/redis/09"),
    ],
)
def test_wrong_options_are_usage_errors(mini: Mini, arguments: tuple[str, ...], expected: str) -> None:
    """A sentence, no traceback, and pytest's exit status for usage errors."""
    run = mini.pytest(*arguments)

    assert run.status == 4, run.output
    assert expected in run.output
    assert "Traceback" not in run.output
