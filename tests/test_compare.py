"""Comparing answers: `mqkata diff`, `mqkata solution`, `mqkata mistakes`, and what they stand on."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest
from support.keyboard import Keyboard
from support.mini import SOLUTION, STUB, Mini, Run
from support.processes import until

from pytest_mqkata.compare.comparison import (
    AHEAD,
    DIFFERS,
    ONLY_LEFT,
    ONLY_RIGHT,
    SAME,
    UNWRITTEN,
    Comparison,
    Side,
    compare,
)
from pytest_mqkata.katas.examples import alternatives, mistakes
from pytest_mqkata.katas.kata import Kata, find_katas
from pytest_mqkata.progress.green import greenness
from pytest_mqkata.progress.store import Store

KATAS = find_katas(Path(__file__).resolve().parent.parent)
KATA = "redis/01"
BODY = "return a + b"  # what only the solution says

pytestmark = pytest.mark.timeout(120)


def mqkata(mini: Mini, *arguments: str, **environment: str) -> Run:
    """Run the command where nobody sits at a terminal."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest_mqkata.cli.app", *arguments],
        cwd=mini.root,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return Run(done.returncode, done.stdout)


def compared(mini: Mini, mine: str, theirs: str = SOLUTION, **files: str) -> Comparison:
    """Two modules, and configuration files by name with what both sides say, "mine|theirs"."""
    left, right = {"mini.py": mine}, {"mini.py": theirs}
    for name, text in files.items():
        left[f"{name}.conf"], _, right[f"{name}.conf"] = text.partition("|")
    kata = Kata(mini.root, "redis", "01")
    return compare(kata, Side("yours", left, mini.kata), Side("the solution", right, kata.solution_folder))


def states(comparison: Comparison) -> dict[str, str]:
    return {one.name: one.state for one in comparison.differences}


def changed(comparison: Comparison, name: str) -> list[tuple[str | None, str | None]]:
    """The lines of a part that are not the same on both sides."""
    (part,) = [one for one in comparison.differences if one.name == name]
    return [
        (row.left.text if row.left else None, row.right.text if row.right else None)
        for row in part.rows
        if not row.same
    ]


# what is the same and what is not


@pytest.mark.parametrize("kata", KATAS, ids=[kata.id for kata in KATAS])
def test_every_recorded_answer_can_be_compared(kata: Kata) -> None:
    """A solution is the same as itself; each mistake differs from it, and nowhere in what it leaves alone."""
    solution = Side.of_folder("the solution", kata.solution_folder)
    assert set(states(compare(kata, solution, solution)).values()) == {SAME}
    for mistake in mistakes(kata):
        wrong = Side("wrong", {**solution.files, **mistake.files})
        differing = {one.name for one in compare(kata, solution, wrong, hints=False).of_state(DIFFERS, ONLY_RIGHT)}
        assert differing, mistake.name
        named = {part for name in differing for part in name.split(".")} - {"imports"}
        text = mistake.text + " ".join(mistake.configs)
        assert all(part in text or part in {"other statements of the module", "conf"} for part in named), mistake.name
    for alternative in alternatives(kata):
        other = Side(alternative.name, {**solution.files, **alternative.files})
        assert not compare(kata, solution, other).problems


def test_formatting_comments_and_docstrings_make_no_difference(mini: Mini) -> None:
    """Line breaks, quotes, brackets, comments, texts that say what a function does, the order of imports."""
    mine = '''
        import asyncio
        from typing import (
            Any, Protocol)
        def add(a: int, b: int)->int:
            # the easy one
            return (a +
                    b)  # really

        def store(client, value: int) -> bool:
            """Another text
            on two lines."""
            return bool(
                client.set('n', value),
            )
        async def store_later(client, value: int) -> bool: await asyncio.sleep(0); return store(client, value)
    '''
    theirs = SOLUTION.replace("import asyncio\n", "from typing import Protocol, Any\nimport asyncio\n")

    assert set(states(compared(mini, textwrap.dedent(mine), theirs)).values()) == {SAME}


def test_another_editors_files_are_the_same(mini: Mini) -> None:
    """Tabs, carriage returns, a byte order mark, and the line break that Python does not take for one."""
    mine = (
        SOLUTION.replace("    ", "\t").replace("\n", "\r\n").replace("import asyncio", "import asyncio  # \x0c \u2028")
    )
    mini.answer.write_bytes(b"\xef\xbb\xbf" + mine.encode())
    kata = Kata(mini.root, "redis", "01")
    own, solution = (Side.of_folder("", folder) for folder in (mini.kata, mini.root / "solutions" / "redis" / "01"))
    comparison = compare(kata, own, solution)

    assert not comparison.problems
    assert set(states(comparison).values()) == {SAME}
    mini.answer.write_bytes(mine.replace("a + b", "b + a").encode())
    assert changed(compare(kata, Side.of_folder("", mini.kata), solution), "add") == [
        ("    return b + a", "    return a + b")
    ]


def test_a_renamed_local_variable_shows(mini: Mini) -> None:
    """Only the lines that it is in, side by side with those that they correspond to."""
    mine = "def add(a, b):\n    total = a + b\n    if total:\n        print('x')\n    return total\n"
    comparison = compared(mini, mine, mine.replace("total", "sum_of_both"))

    assert states(comparison) == {"add": DIFFERS}
    assert changed(comparison, "add") == [
        ("    total = a + b", "    sum_of_both = a + b"),
        ("    if total:", "    if sum_of_both:"),
        ("    return total", "    return sum_of_both"),
    ]


def test_a_line_keeps_its_authors_line_breaks_and_comments(mini: Mini) -> None:
    """What is shown is what was written."""
    mine = "def add(a, b):\n    # first\n    return sum(  # why\n        [a, b]\n    )\n"

    ((left, right),) = changed(compared(mini, mine, "def add(a, b):\n    return sum([a, 2])\n"), "add")
    assert left == "    # first\n    return sum(  # why\n        [a, b]\n    )"
    assert right == "    return sum([a, 2])"


def test_indentation_that_means_something_is_a_difference(mini: Mini) -> None:
    """The same statement in the loop and after it."""
    mine = "def add(a, b):\n    for _ in range(b):\n        a += 1\n        print(a)\n    return a\n"
    theirs = mine.replace("        print", "    print")

    assert changed(compared(mini, mine, theirs), "add") == [("        print(a)", "    print(a)")]


def test_elif_is_not_if(mini: Mini) -> None:
    """Heads of compound statements are compared too, each with its own word."""
    mine = (
        "def add(a, b):\n    if a:\n        a = 1\n    if b:\n        a = 2\n    else:\n        a = 3\n    return a\n"
    )
    theirs = mine.replace("    if b:", "    elif b:")

    assert changed(compared(mini, mine, theirs), "add") == [("    if b:", "    elif b:")]


def test_steps_decide_the_order_and_helpers_come_last(mini: Mini) -> None:
    """Whatever the order in the file."""
    helper = "def _twice(a):\n    return 2 * a\n"
    pieces = SOLUTION.partition("def add")
    mine = f"{pieces[0]}{helper}\n\nLIMIT = 3\n\n\ndef add{pieces[2]}"
    backwards = f"{mine[mine.index('async def') :]}\n\n{mine[: mine.index('async def')]}"
    comparison = compared(mini, mine, backwards)

    assert [one.name for one in comparison.differences] == [
        "add",
        "store",
        "store_later",
        "_twice",
        "LIMIT",
        "imports",
    ]
    assert [one.step for one in comparison.differences][:4] == [1, 2, 3, None]


def test_what_only_one_side_has(mini: Mini) -> None:
    """A function that is missing, and a helper of one's own."""
    mine = SOLUTION.replace("def store(", "def _stored(")
    found = states(compared(mini, mine))

    assert found["store"] == ONLY_RIGHT
    assert found["_stored"] == ONLY_LEFT


def test_a_stub_is_not_compared_nor_its_helpers_given_away(mini: Mini) -> None:
    """A helper that only the unwritten function needs waits with it."""
    theirs = SOLUTION.replace("return a + b", "return _sum(a, b)") + "\n\ndef _sum(a, b):\n    return a + b\n"

    found = states(compared(mini, STUB, theirs))
    assert found["add"] == found["store"] == UNWRITTEN
    assert found["_sum"] == AHEAD
    written = SOLUTION.replace("return a + b", "return b + a").replace('return bool(client.set("n", value))', "raise")
    assert states(compared(mini, written, theirs))["_sum"] == ONLY_RIGHT


def test_classes_are_compared_method_by_method(mini: Mini) -> None:
    """What stands in a class beside its methods is a part of its own; a property's two functions are one."""
    mine = textwrap.dedent('''
        class Feed:
            """A feed."""

            limit = 3

            @property
            def size(self): return self._size

            @size.setter
            def size(self, value): self._size = value

            def get(self):
                return 1
    ''')

    assert states(compared(mini, mine, mine.replace("A feed", "Another").replace("return 1", "return 2"))) == {
        "Feed": SAME,
        "Feed.size": SAME,
        "Feed.get": DIFFERS,
    }
    assert states(compared(mini, mine, mine.replace("limit = 3", "limit = 4")))["Feed"] == DIFFERS
    assert states(compared(mini, mine, mine.replace("= value", "= 0")))["Feed.size"] == DIFFERS


def test_configuration_files_are_compared_line_by_line(mini: Mini) -> None:
    """Comments and blanks make no difference; one that says nothing is not written yet."""
    same = compared(mini, SOLUTION, node="# mine\na = 1\n\nb  =  2|a=1\nb = 2  \n")
    assert states(same)["node.conf"] == SAME
    differs = compared(mini, SOLUTION, node="a = 1\nb = 2|a = 1\nb = 3\n")
    assert changed(differs, "node.conf") == [("b = 2", "b = 3")]
    assert states(compared(mini, SOLUTION, node="# a = ?\n|a = 1\n"))["node.conf"] == UNWRITTEN


def test_a_definition_that_goes_on_from_the_one_before(mini: Mini) -> None:
    """As mistakes do it: by another name for the function, or in a class that is its own base."""
    base = SOLUTION + "\n\nclass Feed:\n    def get(self):\n        return 1\n\n    def close(self):\n        pass\n"
    more = "\n\n_exact = add\n\n\ndef add(a, b):\n    return _exact(a, b) + 1\n"
    more += "\n\nclass Feed(Feed):\n    def get(self):\n        return super().get() + 1\n"

    comparison = compared(mini, base, base + more)
    assert [(one.name, one.right and one.right.before) for one in comparison.of_state(DIFFERS, ONLY_RIGHT)] == [
        ("add", "_exact"),
        ("Feed.get", "super()"),
    ]


# greenness


def test_green_is_what_every_step_passed_with_as_it_is_now(mini: Mini) -> None:
    """Step after step counts too, as long as the files stay; a change after that does not."""
    store, kata = Store(mini.root), Kata(mini.root, "redis", "01")
    assert str(greenness(store, kata)) == "The kata is not green yet (0 of 3 steps)."
    mini.write()
    mini.pytest(f"katas/{KATA}", "--step", "1")
    assert not greenness(store, kata).green
    mini.pytest(f"katas/{KATA}")
    assert greenness(store, kata).green
    done = mqkata(mini, "diff", KATA)  # asks nothing, and says what there is to see next
    assert done.status == 0
    assert done.output.splitlines()[-1] == (
        "Nothing differs. Other correct styles: mqkata solution redis/01; "
        "wrong answers to guess: mqkata mistakes redis/01"
    )

    mini.answer.write_text(SOLUTION.replace("a + b", "b + a"))
    assert not greenness(store, kata).green
    assert str(greenness(store, kata)) == "The answer was changed since the kata was green."
    mini.pytest(f"katas/{KATA}", "--step", "2")
    assert not greenness(store, kata).green  # the others passed with other files


# mqkata diff


def test_diff_shows_what_differs_with_signs_places_and_what_is_next(mini: Mini) -> None:
    """Equal functions are one line; the last line says what to do."""
    mini.answer.write_text(SOLUTION.replace("return a + b", "total = a + b\n    return total"))
    shown = mqkata(mini, "diff", KATA, "--yes")

    assert shown.status == 0
    assert "- yours: katas/redis/01\n+ the solution: solutions/redis/01" in shown.output
    assert "add · step 1" in shown.output
    assert "- katas/redis/01/mini.py:6\n+ solutions/redis/01/mini.py:6\n" in shown.output
    assert "-     total = a + b\n-     return total\n+     return a + b\n" in shown.output
    assert "same: store, store_later" in shown.output
    assert shown.output.splitlines()[-1] == "1 part differs. To see what your answer does: pytest katas/redis/01"


def test_diff_of_a_stub_says_so(mini: Mini) -> None:
    """With the place to go to, and nothing of the solution."""
    shown = mqkata(mini, "diff", KATA, "--yes")

    assert "not written yet in yours:\n  add  katas/redis/01/mini.py:3\n" in shown.output
    assert "client.set" not in shown.output
    assert shown.output.splitlines()[-1] == "Nothing differs. To write next: add, katas/redis/01/mini.py:3"


def test_diff_of_what_python_cannot_read(mini: Mini) -> None:
    """It says where, and compares the files as text."""
    mini.answer.write_text(SOLUTION.replace("return a + b", "return a +"))
    shown = mqkata(mini, "diff", KATA, "--yes")

    assert shown.status == 0
    assert "! katas/redis/01/mini.py:8: SyntaxError: invalid syntax." in shown.output
    assert "-     return a +\n+     return a + b\n" in shown.output
    assert "Traceback" not in shown.output
    assert shown.output.splitlines()[-1] == "First mend what Python cannot read: katas/redis/01/mini.py:8"


def test_diff_of_one_step(mini: Mini) -> None:
    """Only its names, and the helpers that they use."""
    mine = SOLUTION.replace("client.set(", "_put(client, ") + "\n\ndef _put(client, *pair):\n    client.set(*pair)\n"
    mini.answer.write_text(mine.replace("return a + b", "return b + a"))
    second = mqkata(mini, "diff", KATA, "--yes", "--step", "2").output
    first = mqkata(mini, "diff", KATA, "--yes", "--step", "1").output

    assert "store · step 2" in second
    assert "_put · only in yours" in second
    assert "add" not in second
    assert "add · step 1" in first
    assert "_put" not in first
    wrong = mqkata(mini, "diff", KATA, "--yes", "--step", "9")
    assert (wrong.status, "redis/01 has no step 9. Its steps: 1, 2, 3." in wrong.output) == (4, True)


def test_diff_side_by_side(mini: Mini) -> None:
    """Where the terminal is wide enough, or when asked to; a line that is too long goes on below, further in."""
    mini.write()
    long = "return " + " + ".join(["a", "b", *"123456789"])
    mini.answer.write_text(SOLUTION.replace("return a + b", long))
    rows = mqkata(mini, "diff", KATA, "--yes", "--side-by-side").output.splitlines()

    (row,) = [row for row in rows if "return a + b + 1" in row]
    assert row.startswith("-     return a + b + 1 + 2")
    assert row.endswith("│ +     return a + b")
    assert rows[rows.index(row) + 1].startswith("-         ")
    assert max(len(row) for row in rows if "│" in row) <= 100
    with Keyboard("diff", KATA, "--yes", cwd=mini.root, width=130) as keys:
        assert keys.end() == 0
        assert "│ +     return a + b" in keys.shown
    with Keyboard("diff", KATA, "--yes", cwd=mini.root, width=110) as keys:
        assert keys.end() == 0
        assert "\n+     return a + b\n" in keys.shown


def test_diff_with_another_answer_never_asks(mini: Mini, tmp_path: Path) -> None:
    """Its folder, or one of the shape of solutions/; both sides are named."""
    other = tmp_path / "team-b" / "redis" / "01"
    other.mkdir(parents=True)
    (other / "mini.py").write_text(SOLUTION.replace("a + b", "b + a"))
    mini.write()
    for given in (other, tmp_path / "team-b"):
        shown = mqkata(mini, "diff", KATA, "--with", str(given))
        assert shown.status == 0
        assert f"+ the other: {os.path.relpath(other, mini.root)}" in shown.output
        assert "-     return a + b\n+     return b + a\n" in shown.output

    nowhere = mqkata(mini, "diff", KATA, "--with", str(tmp_path))
    assert nowhere.status == 4
    assert "there is no mini.py in" in nowhere.output
    (other / "mini.py").unlink()
    assert mqkata(mini, "diff", KATA, "--with", "solutions").status == 1  # that is the solution, and it asks


@pytest.mark.parametrize("command", ["diff", "solution"])
def test_without_a_terminal_and_not_green_the_solution_stays_hidden(mini: Mini, command: str) -> None:
    """One sentence, status 1; `--yes` shows it, and is not remembered."""
    mini.write(add="def add(a, b):\n    return a - b")
    refused = mqkata(mini, command, KATA)

    assert refused.status == 1
    assert BODY not in refused.output
    assert refused.output == (
        "The kata is not green yet (0 of 3 steps). With --yes the solution is shown all the same.\n"
    )
    shown = mqkata(mini, command, KATA, "--yes")
    assert (shown.status, BODY in shown.output) == (0, True)
    assert mqkata(mini, command, KATA).status == 1


def test_it_asks_once_for_each_kata(mini: Mini) -> None:
    """No is no; yes is remembered, by `mqkata solution` too."""
    mini.write(add="def add(a, b):\n    return a - b")
    question = "The kata is not green yet (0 of 3 steps). See the solution all the same? [y/N]:"
    with Keyboard("diff", KATA, cwd=mini.root) as keys:
        keys.until(question)
        keys.press("\r")
        assert keys.end() == 1
        assert BODY not in keys.shown
        assert f"mqkata hint {KATA}" in keys.shown
    with Keyboard("diff", KATA, cwd=mini.root) as keys:
        keys.until(question)
        keys.press("y\r")
        assert keys.end() == 0
        assert BODY in keys.shown
    for command in ("diff", "solution"):
        with Keyboard(command, KATA, cwd=mini.root) as keys:
            assert keys.end() == 0
            assert question not in keys.shown
            assert BODY in keys.shown


# mqkata solution


def test_solution_lists_the_styles_first(mini: Mini) -> None:
    """Each with what its author says about it; one of them can be shown alone."""
    folder = mini.root / "tests" / "alternatives" / "redis" / "01"
    (folder / "by_config").mkdir(parents=True)
    (folder / "by_config" / "mini.conf").write_text("# All in the configuration.\n# It shows that.\n\nx = 1\n")
    (folder / "reduced.py").write_text(
        '"""Folds the numbers.\n\nIt shows that a sum is a fold."""\n\nimport functools\n'
    )
    shown = mqkata(mini, "solution", KATA, "--yes")

    assert shown.status == 0
    listed, _, rest = shown.output.partition("── solutions/redis/01/mini.py ──")
    assert "3 right answers:" in listed
    assert "reduced    Folds the numbers.\n             It shows that a sum is a fold.\n" in listed
    assert "by_config  All in the configuration. It shows that.\n" in listed
    assert "return a + b" in rest
    assert f"mqkata diff {KATA}" in rest.splitlines()[-1]

    one = mqkata(mini, "solution", KATA, "--yes", "--style", "reduced")
    assert "import functools" in one.output
    assert BODY not in one.output
    unknown = mqkata(mini, "solution", KATA, "--style", "x")
    assert (unknown.status, "There are: solution, by_config, reduced." in unknown.output) == (4, True)


# mqkata mistakes


@pytest.fixture
def quiz(mini: Mini) -> Mini:
    """A project whose kata has two mistakes; its answer is the solution, and nothing was run."""
    folder = mini.root / "tests" / "mistakes" / "redis" / "01"
    folder.mkdir(parents=True)
    (folder / "subtracts.py").write_text(
        '"""Takes the wrong sign.\n\nStep: 1\nWhy: a difference is no sum.\n"""\n\n\ndef add(a, b):\n    return a - b\n'
    )
    (folder / "forgets.py").write_text(
        '"""Stores nothing.\n\nStep: 2\nWhy: the key stays empty.\n"""\n\n\ndef store(client, value):\n    return True\n'
    )
    mini.write()
    return mini


def test_mistakes_wait_until_the_kata_is_green(quiz: Mini) -> None:
    """A sentence and status 1; then no question is asked where nobody can answer, and the answer is shown."""
    refused = mqkata(quiz, "mistakes", KATA)
    assert refused.status == 1
    assert refused.output.startswith("The kata is not green yet (0 of 3 steps).")
    assert "return a - b" not in refused.output

    quiz.pytest()
    history = sorted((quiz.root / ".mqkata" / "history").rglob("*"))
    shown = mqkata(quiz, "mistakes", KATA, "--name", "subtracts")
    assert shown.status == 0
    assert "-     return a + b\n+     return a - b\n" in shown.output
    assert "✘ Step 1 · Add rejects it:\n  add(0, 1) gave -1: that is not the sum." in shown.output
    assert "Why that is wrong: a difference is no sum." in shown.output
    assert "Which step" not in shown.output
    assert shown.output.splitlines()[-1] == f"0 right of 1 asked, of 2 in all. The next: mqkata mistakes {KATA}"
    assert sorted((quiz.root / ".mqkata" / "history").rglob("*")) == history  # it was no run of the learner's
    assert not (quiz.root / ".hypothesis" / "examples").exists()


def test_mistakes_are_asked_one_at_a_time_until_all_were(quiz: Mini) -> None:
    """Right and wrong guesses count; what was asked does not come again; the score stands at the end."""
    with Keyboard("mistakes", KATA, "--yes", "--name", "forgets", cwd=quiz.root) as keys:
        shown = keys.until("Which step rejects it? [1-3, Enter alone: show me]")
        assert "Stores nothing" not in shown
        assert "forgets" not in shown
        keys.press("7\r")
        keys.until("A step's number, 1 to 3, not '7'.")
        keys.press("2\r")
        assert keys.end() == 0
        assert "✘ Step 2 · Store rejects it:" in keys.shown
        assert "Your guess, step 2: right." in keys.shown
        assert "1 right of 1 asked, of 2 in all." in keys.shown
    with Keyboard("mistakes", KATA, "--yes", cwd=quiz.root) as keys:  # the other one, without being named
        keys.until("Which step rejects it?")
        keys.press("3\r")
        assert keys.end() == 0
        assert "Your guess, step 3: no, step 1 comes before it." in keys.shown
        assert "1 right of 2 asked, of 2 in all." in keys.shown
    done = mqkata(quiz, "mistakes", KATA, "--yes")
    assert done.output == f"1 right of 2 asked, of 2 in all. From the start: mqkata mistakes {KATA} --all-again\n"
    with Keyboard("mistakes", KATA, "--yes", "--all-again", cwd=quiz.root) as keys:
        keys.until("Which step rejects it?")
        keys.press("\r")  # alone: no guess, and asked all the same
        assert keys.end() == 0
        assert "Your guess" not in keys.shown
        assert "0 right of 1 asked, of 2 in all." in keys.shown


@pytest.mark.parametrize(
    ("after", "before"),
    [("", "pass"), ("1\r", "pass"), ("1\r", "ignore()")],
    ids=["at the question", "during the run", "of an answer that does not heed it"],
)
def test_ctrl_c_leaves_nothing_behind(quiz: Mini, tmp_path: Path, after: str, before: str) -> None:
    """No folder, no process, and the mistake will be asked again."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    begun = tmp_path / "begun"
    endless = f"def add(a, b):\n    {before}\n    open({str(begun)!r}, 'w')\n    while True:\n        pass\n"
    endless += "\n\ndef ignore():\n    import signal\n    for one in (signal.SIGINT, signal.SIGHUP):\n"
    endless += "        signal.signal(one, signal.SIG_IGN)\n"
    file = quiz.root / "tests" / "mistakes" / "redis" / "01" / "subtracts.py"
    file.write_text(f'"""Never ends.\n\nStep: 1\nWhy: it hangs.\n"""\n\n\n{endless}')
    with Keyboard("mistakes", KATA, "--yes", "--name", "subtracts", cwd=quiz.root, TMPDIR=str(temporary)) as keys:
        keys.until("Which step rejects it?")
        if after:
            keys.press(after)
            until(begun.exists, 30, "the mistake was not run")
        assert keys.interrupt() == 130
        assert "mqkata: interrupted" in keys.shown
    assert list(temporary.glob("mqkata-trial-*")) == []
    assert [one for one in psutil.process_iter(["cmdline"]) if str(temporary) in str(one.info["cmdline"])] == []
    assert Store(quiz.root).guesses(KATA) == {}


def test_a_broken_environment_is_no_wrong_guess(quiz: Mini) -> None:
    """Status 3, and the mistake will be asked again."""
    failed = mqkata(quiz, "mistakes", KATA, "--yes", "--name", "forgets", MQKATA_REDIS_SERVER="/nowhere/redis")

    assert failed.status == 3, failed.output
    assert "The environment failed" in failed.output
    assert "/nowhere/redis" in failed.output
    assert Store(quiz.root).guesses(KATA) == {}


@pytest.mark.parametrize("command", ["diff", "solution", "mistakes"])
def test_each_command_has_help_with_an_example(mini: Mini, command: str) -> None:
    """`--help` shows how it is used; a kata that does not exist is status 4."""
    shown = mqkata(mini, command, "--help")
    assert shown.status == 0
    assert f"Example: mqkata {command}" in shown.output
    assert mqkata(mini, command, "kafka/77").status == 4
