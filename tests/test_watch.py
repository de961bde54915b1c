"""`mqkata watch`, as a learner uses it: in a terminal, with an editor beside it."""

from __future__ import annotations

import itertools
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from support.mini import SOLUTION, STUB, Mini
from support.processes import alive, heed_interrupts, running, until
from support.terminal import Terminal

from pytest_mqkata.cli.watch import runs
from pytest_mqkata.cli.watch.changes import QUIET, QUIET_WITHOUT_MODULE, Changes, Content, Watcher, content_of
from pytest_mqkata.cli.watch.keyboard import keys_in
from pytest_mqkata.cli.watch.runs import Outcome, Run, outcome_of
from pytest_mqkata.cli.watch.screen import result_line, with_keys
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.progress.records import Record, TestRecord
from pytest_mqkata.progress.store import Store

pytestmark = pytest.mark.timeout(120)

COMMAND = [sys.executable, "-m", "pytest_mqkata.cli.app"]
GREEN = "✔ all 3 passed"
RED = "✘ 0 of 3 passed"
NO_CHANGE = 0.8  # seconds: longer than it takes until a change is noticed

HANGING = """\
import pathlib, time

def add(a, b):
    pathlib.Path("hangs").touch()
    time.sleep(600)
"""

# stands in for `mqkata`: says how it was called, and does a little of what the command would
FAKE = """\
import pathlib, sys, termios

name = sys.argv[1]
print("fake", *sys.argv[1:])
if name == "diff":
    canonical = bool(termios.tcgetattr(0)[3] & termios.ICANON)
    print("typed:", input(f"lines are read whole: {canonical}; more? "))
if name == "reset":
    pathlib.Path("katas/redis/01/mini.py").write_text(pathlib.Path("stub").read_text())
if name == "next":
    print("redis/01 is done. Next: redis/02, Mini again.")
"""

DRIVER = """\
import sys
from pytest_mqkata.cli.watch.loop import watch_kata

sys.exit(watch_kata("redis/01", [sys.executable, "fake.py"]))
"""


@pytest.fixture
def open_terminal(mini: Mini, own_run: Path) -> Iterator[Callable[..., Terminal]]:
    """`open_terminal(*arguments)`: `mqkata watch` in a terminal, in the mini project."""
    terminals: list[Terminal] = []

    def start(*command: str) -> Terminal:
        terminal = Terminal(command or [*COMMAND, "watch", "redis/01"], mini.root)
        terminals.append(terminal)
        return terminal

    yield start
    for terminal in terminals:
        terminal.close()


def runs_of(mini: Mini, kata: str = "redis/01") -> list[Record]:
    """What the history holds, the newest first."""
    return [record for record in Store(mini.root).records(kata) if record.kind == "run"]


def pytests_below(pid: int) -> list[psutil.Process]:
    """The test runs that a process has started and that go on."""
    return [child for child in psutil.Process(pid).children() if "pytest" in child.cmdline()]


def test_red_on_the_stub_green_after_a_save_and_nothing_after_a_touch(
    mini: Mini, open_terminal: Callable[..., Terminal]
) -> None:
    """A learner's first minute; no broker before one is needed, and none of an editor's files counts."""
    (mini.kata / "hints.toml").write_text('[step.1]\nlevels = ["an idea", "a concept", "the code"]\n')
    terminal = open_terminal()
    terminal.sees("redis/01 · Mini · ")
    terminal.sees("the first run")
    shown = terminal.sees(RED)
    assert "katas/redis/01/mini.py:3" in shown
    terminal.sees("Enter run  h hint  d diff  a all  r reset  n next  q quit")
    terminal.press("h")
    terminal.sees("an idea")
    terminal.sees(RED)
    terminal.sees("q quit")
    assert running() == []
    assert "\x1b[31m" in terminal.raw  # pytest's colours are kept

    mini.write()
    terminal.sees("mini.py changed")
    terminal.sees(GREEN)
    terminal.sees("q quit")

    mini.answer.touch()
    mini.answer.write_text(mini.answer.read_text())
    for name in (".mini.py.swp", "mini.py~", "4913", "#mini.py#", ".#mini.py", "mini.py___jb_tmp___", "mini.py.bak"):
        (mini.kata / name).write_text("typed")
    (mini.kata / "__pycache__").mkdir(exist_ok=True)
    (mini.kata / "__pycache__" / "mini.py").write_text("")
    (mini.kata / "offsets.json").write_text("what an answer may write")
    assert terminal.stays_quiet(NO_CHANGE), terminal.text
    assert [record.colour for record in runs_of(mini)] == ["green", "red"]

    terminal.press("\x1b[A")  # an arrow is no key of ours
    assert terminal.stays_quiet(0.2)
    terminal.press("q")
    assert terminal.ends() == 0
    assert terminal.modes() == terminal.modes_before
    assert terminal.raw.endswith("\n")  # the prompt gets a line of its own
    assert "Traceback" not in terminal.text


def test_two_quick_saves_run_once(mini: Mini, open_terminal: Callable[..., Terminal]) -> None:
    """What counts is the content that came to rest."""
    terminal = open_terminal()
    terminal.sees("q quit")
    mini.answer.write_text("")  # as editors do that write in place
    mini.answer.write_text(SOLUTION.replace("a + b", "a - b"))
    mini.write()
    terminal.sees(GREEN)
    assert [record.colour for record in runs_of(mini)] == ["green", "red"]
    assert terminal.stays_quiet(NO_CHANGE)


def test_an_editors_atomic_save_is_one_change(mini: Mini, open_terminal: Callable[..., Terminal]) -> None:
    """The file is gone for a moment (vim), is replaced by another (PyCharm), or is empty for a moment."""
    terminal = open_terminal()
    terminal.sees(RED)
    terminal.sees("q quit")
    mini.answer.rename(mini.kata / "mini.py~")
    assert terminal.stays_quiet(2 * QUIET)
    mini.write()
    (mini.kata / "mini.py~").unlink()
    terminal.sees("mini.py changed")
    terminal.sees(GREEN)
    terminal.sees("q quit")

    (mini.kata / "mini.py___jb_tmp___").write_text(STUB)
    mini.answer.rename(mini.kata / "mini.py___jb_old___")
    (mini.kata / "mini.py___jb_tmp___").rename(mini.answer)
    (mini.kata / "mini.py___jb_old___").unlink()
    terminal.sees("mini.py changed")
    terminal.sees(RED)
    terminal.sees("q quit")

    with mini.answer.open("w") as file:
        assert terminal.stays_quiet(2 * QUIET)
        file.write(SOLUTION)
    terminal.sees("mini.py changed")
    terminal.sees(GREEN)
    terminal.sees("q quit")
    assert terminal.stays_quiet(NO_CHANGE)
    assert len(runs_of(mini)) == 4


def test_a_save_cancels_the_run_that_goes_on(mini: Mini, open_terminal: Callable[..., Terminal]) -> None:
    """The hanging run is interrupted, and has ended before the next begins."""
    mini.answer.write_text(HANGING)
    terminal = open_terminal()
    until((mini.root / "hangs").exists, 20, "the answer did not run")
    (first,) = pytests_below(terminal.process.pid)

    mini.write()
    terminal.sees("mini.py changed")
    assert not first.is_running()
    terminal.sees(GREEN)
    assert "KeyboardInterrupt" in terminal.text  # as after Ctrl-C: it tidied up and returned its leases
    assert [record.colour for record in runs_of(mini)] == ["green"]


def test_keys_run_again(mini: Mini, open_terminal: Callable[..., Terminal]) -> None:
    """Enter as before, `a` all steps, and both restart a run that goes on."""
    mini.write(add="def add(a, b):\n    return 0")
    terminal = open_terminal()
    terminal.sees(RED)
    terminal.press("\r")
    terminal.sees("· Enter")
    terminal.sees(RED)
    terminal.press("a")
    terminal.sees("· all steps")
    terminal.sees("✘ 2 of 3 passed")

    mini.answer.write_text(HANGING)
    until((mini.root / "hangs").exists, 20, "the answer did not run")
    (mini.root / "hangs").unlink()
    terminal.press("\r")
    terminal.sees("· Enter")
    until((mini.root / "hangs").exists, 20, "the answer did not run again")
    assert len(pytests_below(terminal.process.pid)) == 1
    terminal.press("q")
    assert terminal.ends() == 1


def test_keys_of_commands(mini: Mini, open_terminal: Callable[..., Terminal]) -> None:
    """Each runs its command for this kata, which has the terminal meanwhile; `n` moves on only after a yes."""
    shutil.copytree(mini.kata, mini.root / "katas/redis/02")
    (mini.root / "katas/redis/02/mini.py").write_text(STUB)
    (mini.root / "fake.py").write_text(FAKE)
    (mini.root / "driver.py").write_text(DRIVER)
    (mini.root / "stub").write_text(STUB)
    mini.write()
    terminal = open_terminal(sys.executable, "driver.py")
    terminal.press("h")  # while the run goes on: shown at its end
    terminal.sees("3 passed")
    terminal.sees("fake hint redis/01")
    terminal.sees(GREEN)
    assert len(runs_of(mini)) == 1

    terminal.press("d")
    terminal.sees("fake diff redis/01")
    terminal.sees("lines are read whole: True; more? ")
    terminal.press("yes\n")
    terminal.sees("typed: yes")
    terminal.sees("q quit")

    terminal.press("n")
    terminal.sees("Next: redis/02")
    terminal.sees("Go on with redis/02?  y/n ")
    terminal.press("n")
    terminal.sees(GREEN)

    terminal.press("r")
    terminal.sees("Put the stub of redis/01 back? Your answer is saved first.  y/n ")
    terminal.press("x")
    terminal.sees(GREEN)
    assert mini.answer.read_text() != STUB
    terminal.press("r")
    terminal.sees("y/n ")
    terminal.press("y")
    terminal.sees("fake reset redis/01")
    terminal.sees("mini.py changed")
    terminal.sees(RED)

    terminal.press("n")
    terminal.sees("y/n ")
    terminal.press("y")
    terminal.sees("redis/02 · Mini · ")
    terminal.sees(RED)
    assert len(runs_of(mini)) == 2
    assert len(runs_of(mini, "redis/02")) == 1
    terminal.press("q")
    assert terminal.ends() == 1


def test_reset_while_a_run_goes_on_ends_it_first(mini: Mini, open_terminal: Callable[..., Terminal]) -> None:
    """What it judges is about to go; after a no it begins again."""
    mini.answer.write_text(HANGING)
    terminal = open_terminal()
    until((mini.root / "hangs").exists, 20, "the answer did not run")
    (mini.root / "hangs").unlink()
    terminal.press("r")
    terminal.sees("y/n ")
    assert pytests_below(terminal.process.pid) == []
    terminal.press("n")
    terminal.sees("not reset")
    until((mini.root / "hangs").exists, 20, "the answer did not run again")


@pytest.mark.parametrize("way", ["ctrl-c", "sigterm", "sighup"])
def test_however_it_ends_the_terminal_is_as_before_and_no_run_goes_on(
    mini: Mini, open_terminal: Callable[..., Terminal], way: str
) -> None:
    """Quietly, also in the midst of a run."""
    mini.answer.write_text(HANGING)
    terminal = open_terminal()
    until((mini.root / "hangs").exists, 20, "the answer did not run")
    (run,) = pytests_below(terminal.process.pid)
    assert terminal.modes() != terminal.modes_before
    if way == "ctrl-c":
        terminal.press("\x03")
    else:
        terminal.process.send_signal(getattr(signal, way.upper()))
    assert terminal.ends() == 1
    assert terminal.modes() == terminal.modes_before
    assert not run.is_running()
    assert "Traceback" not in terminal.text
    assert "mqkata:" not in terminal.text


def test_an_error_of_its_own_leaves_the_terminal_as_it_was(mini: Mini, open_terminal: Callable[..., Terminal]) -> None:
    """Whatever happens inside."""
    (mini.root / "driver.py").write_text(
        "from pytest_mqkata.cli.watch import loop\n"
        "def fail(*_, **__):\n    raise RuntimeError('a defect')\n"
        "loop.Run = fail\nloop.watch_kata('redis/01')\n"
    )
    terminal = open_terminal(sys.executable, "driver.py")
    assert terminal.ends() == 1
    assert "RuntimeError: a defect" in terminal.text
    assert terminal.modes() == terminal.modes_before


@pytest.mark.skipif(not shutil.which("bash"), reason="a shell with job control is needed: bash")
def test_ctrl_z_and_fg(mini: Mini, open_terminal: Callable[..., Terminal]) -> None:
    """The shell has its terminal as it was; afterwards keys and saves are heeded as before."""
    terminal = open_terminal("env", "PS1=shell> ", "bash", "--norc", "--noprofile", "--noediting", "-i")
    terminal.press(f"{sys.executable} -m pytest_mqkata.cli.app watch redis/01\n")
    terminal.sees("q quit")
    terminal.press("\x1a")
    terminal.sees("Stopped")
    terminal.sees("shell> ")
    terminal.press("stty -a | grep -c -e ' icanon'; echo in $((40 + 2)) shell\n")
    assert "\n1\n" in terminal.sees("in 42 shell\n")
    mini.write()
    terminal.press("fg\n")
    terminal.sees("mini.py changed")
    terminal.sees(GREEN)
    mini.answer.write_text(HANGING)
    until((mini.root / "hangs").exists, 20, "the answer did not run")
    terminal.press("\x1a")
    terminal.sees("Stopped")
    terminal.sees("shell> ")
    terminal.press("fg\n")
    terminal.sees("· continued")  # its deadlines went on meanwhile, so it begins again
    mini.write()
    terminal.sees(GREEN)
    terminal.press("q")
    terminal.sees("shell> ")
    terminal.press("echo status $?; exit\n")
    terminal.sees("status 0")
    assert terminal.ends() == 0


def test_without_a_terminal_it_is_plain_text(mini: Mini, own_run: Path, tmp_path: Path) -> None:
    """No keys, nothing cleared, no colours; it ends at SIGINT with the last run's status."""
    output = tmp_path / "output"
    with output.open("w") as file:
        process = subprocess.Popen(
            [*COMMAND, "watch"],
            cwd=mini.kata,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            preexec_fn=heed_interrupts,
        )
    try:
        until(lambda: RED in output.read_text(), 20, "no first run")
        assert output.read_text().startswith("redis/01 · Mini · ")
        mini.write()
        until(lambda: GREEN in output.read_text(), 20, "no run after the save")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    finally:
        process.kill()
    text = output.read_text()
    assert "\x1b" not in text
    assert "q quit" not in text
    assert text.endswith(f"{GREEN}\n")


def test_a_syntax_error_is_amber_and_its_correction_is_noticed_at_once(
    mini: Mini, open_terminal: Callable[..., Terminal]
) -> None:
    """Status 2."""
    mini.answer.write_text("def add(:\n")
    terminal = open_terminal()
    assert "katas/redis/01/mini.py:1: SyntaxError" in terminal.sees("! not loaded")
    pushed, _, _ = terminal.raw.partition("\x1b[H\x1b[J")
    assert pushed.endswith("\r\n" * 24)  # the screen is empty since all was moved up: it can be scrolled back to
    assert "\x1b[2J" not in terminal.raw
    assert "\x1b[?1049h" not in terminal.raw

    begun = time.monotonic()
    mini.answer.write_text(STUB)
    terminal.sees("mini.py changed")
    to_run = time.monotonic() - begun
    terminal.sees(RED)
    print(f"from the save to the run {to_run:.2f} s, to its result {time.monotonic() - begun:.2f} s")
    assert to_run < 1, "it is about 0.2 s on an idle machine"
    mini.answer.write_text("def add(:\n")
    terminal.sees("! not loaded")
    terminal.press("q")
    assert terminal.ends() == 2


def test_it_survives_that_the_kata_is_gone_and_that_its_broker_is(
    mini: Mini, open_terminal: Callable[..., Terminal], tmp_path: Path
) -> None:
    """As after `git checkout` of another branch, and after the machine's sleep."""
    mini.write()
    terminal = open_terminal()
    terminal.sees(GREEN)
    shutil.move(mini.kata, tmp_path / "elsewhere")
    terminal.sees("? katas/redis/01 has no tests")
    for record in running():
        psutil.Process(record.pid).kill()
    shutil.move(tmp_path / "elsewhere", mini.kata)
    terminal.sees(GREEN)
    terminal.press("q")
    assert terminal.ends() == 0
    assert "Traceback" not in terminal.text


# the parts


@pytest.mark.parametrize("stubborn", [True, False], ids=["swallows", "heeds"])
def test_a_cancelled_run_ends_with_all_that_it_started(
    mini: Mini, own_run: Path, monkeypatch: pytest.MonkeyPatch, stubborn: bool
) -> None:
    """By force after a few seconds, if its answer swallows every interruption; what it had started goes in any case."""
    monkeypatch.setattr(runs, "INTERRUPT_SECONDS", 0.3 if stubborn else 60.0)
    ignore = "signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    mini.answer.write_text(
        "import pathlib, signal, subprocess, sys, time\n"
        f"code = 'import signal, time; {ignore}; print(1, flush=True); time.sleep(600)'\n"
        "child = subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        f"{ignore if stubborn else ''}\n"
        "pathlib.Path('hangs').write_text(str(child.pid))\n"
        "time.sleep(600)\n"
    )
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a process inherits that a signal is ignored
    try:
        run = Run(Kata(mini.root, "redis", "01"), Store(mini.root))
    finally:
        signal.signal(signal.SIGINT, before)
    mark = mini.root / "hangs"
    until(lambda: mark.exists() and mark.read_text(), 20, "the answer was not loaded")
    child = psutil.Process(int(mark.read_text()))
    run.cancel()

    def pressed() -> bool:
        run.press()
        return run.over

    try:
        until(pressed, 10, "it goes on")
        run.clear_up()
        until(lambda: not alive([child]), 5, "its child goes on")
    finally:
        run.kill()
        if alive([child]):
            child.kill()
    if stubborn:
        assert run.process.returncode == -signal.SIGKILL
        assert run.outcome() == Outcome("grey", remark="pytest was ended by SIGKILL")


def test_content_counts_when_it_has_come_to_rest() -> None:
    """A module that is empty or gone gets more time."""
    old, half, new = (Content({"a.py": digest}, module=bool(digest)) for digest in ("1", "", "2"))
    changes = Changes(old)
    assert changes.look(old, 0.0) is None
    assert changes.look(half, 1.0) == QUIET_WITHOUT_MODULE
    assert changes.look(new, 1.5) == pytest.approx(QUIET)
    assert changes.look(new, 1.75) == 0
    assert changes.look(half, 2.0) == QUIET_WITHOUT_MODULE
    assert changes.look(old, 2.2) is None  # changed and changed back
    changes.accept(new)
    assert changes.look(new, 3.0) is None


def test_content_is_the_answer_and_the_tests(mini: Mini) -> None:
    """Helpers and configuration files of the answer count; what is different is said in words."""
    kata = Kata(mini.root, "redis", "01")
    before = content_of(kata)
    (mini.kata / "helpers.py").write_text("x = 1")
    (mini.kata / "node.conf").write_text("port 1")
    assert before.difference(content_of(kata)) == "helpers.py changed"

    tests = mini.kata / "test_mini.py"
    tests.write_text(tests.read_text().replace('"store")', '"store", "node.conf")'))
    (mini.kata / "helpers.py").unlink()
    with_config = content_of(kata)
    assert before.difference(with_config) == "node.conf and the tests changed"
    mini.answer.unlink()
    assert with_config.difference(content_of(kata)) == "mini.py is gone"
    assert not content_of(kata).module
    tests.unlink()
    assert content_of(kata).tests == ""


def test_a_run_whose_steps_were_skipped_is_not_green(mini: Mini) -> None:
    """As where a broker is missing; nor does an unreadable README end anything."""
    kata = Kata(mini.root, "redis", "01")
    record = Record("run", kata.id, 0.0, tests=[TestRecord("test_step1_add", 1, "green")])
    assert outcome_of(record, kata) == Outcome("grey", 1, 3, remark="the others were skipped")
    (mini.kata / "README.md").write_bytes(b"\xff")
    assert outcome_of(record, kata) == Outcome("green", 1, 1)


def test_a_file_that_vanishes_takes_no_other_along(mini: Mini, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an editor's backup does while the folder is read."""
    read = Path.read_bytes
    (mini.kata / "backup.py").write_text("")

    def vanished(file: Path) -> bytes:
        if file.name == "backup.py":
            raise FileNotFoundError(file)
        return read(file)

    monkeypatch.setattr(Path, "read_bytes", vanished)
    assert list(content_of(Kata(mini.root, "redis", "01")).files) == ["mini.py"]


def test_word_of_a_change_and_what_if_none_can_come(tmp_path: Path) -> None:
    """A watcher that does not work says so: then one looks by oneself, more often."""
    told = threading.Event()
    with Watcher(tmp_path, told.set) as watcher:
        numbers = itertools.count()

        def written() -> bool:
            (tmp_path / "file").write_text(str(next(numbers)))  # again, until the thread has begun to watch
            return told.is_set()

        until(written, 10, "no word of a change")
        assert watcher.works
    with Watcher(tmp_path / "nowhere", told.set) as watcher:
        until(lambda: not watcher.works, 10, "it seems to work")


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        (b"q", ["q"]),
        (b"\r", ["enter"]),
        (b"\n", ["enter"]),
        (b"H", ["h"]),
        (b"\x1b[A\x1b[1;5Cd\x1bOP\x1bx", ["d"]),
        (b"\x1b", []),
        ("ü".encode()[:1], []),
    ],
)
def test_keys(sent: bytes, keys: list[str]) -> None:
    """Keys that send several characters are none of ours."""
    assert keys_in(sent) == keys


@pytest.mark.parametrize("width", [30, 80, 160])
@pytest.mark.parametrize(
    "outcome", [Outcome("red", 10, 15), Outcome("green", 15, 15), Outcome("amber", 0, 8), Outcome("grey", 0, 8)]
)
def test_the_status_line_is_one_line(width: int, outcome: Outcome) -> None:
    """With all keys' names at 80 columns."""
    line = with_keys(result_line(outcome), width).plain
    if width >= 80:
        assert len(line) < width
        assert line.endswith("  q quit")
