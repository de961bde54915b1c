"""`mqkata watch`: runs, changes and keys, one thing after the other."""

from __future__ import annotations

import contextlib
import errno
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pytest_mqkata.cli.here import console, kata_named, open_store
from pytest_mqkata.cli.status import OF_COLOUR
from pytest_mqkata.cli.watch.changes import Changes, Watcher, content_of
from pytest_mqkata.cli.watch.doorbell import LEAVE, Doorbell
from pytest_mqkata.cli.watch.keyboard import Keyboard
from pytest_mqkata.cli.watch.runs import Outcome, Run, outcome_of
from pytest_mqkata.cli.watch.screen import Screen, is_terminal
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.progress.recommend import recommended

MQKATA = (sys.executable, "-m", "pytest_mqkata.cli.app")

_LOOK_EVERY = 1.0  # seconds; for file systems that give no word of a change, and files behind symbolic links
_LOOK_EVERY_UNTOLD = 0.3  # the same where the system gives no word at all
_PRESS_EVERY = 0.1  # seconds between looks at a run that is being ended
_SAY_AFTER = 0.7  # seconds after which a run that still ends is spoken of


def watch_kata(name: str | None, command: Sequence[str] = MQKATA) -> int:
    """Run a kata now and at each change, until somebody ends it.

    Args:
        name: see `kata_named`.
        command: what runs the commands behind the keys.

    Returns:
        The exit status: that of the last run's colour.

    Raises:
        typer.BadParameter: there is no such kata.
    """
    kata = kata_named(name)
    with contextlib.ExitStack() as stack:
        doorbell = stack.enter_context(Doorbell())
        keyboard = stack.enter_context(Keyboard(sys.stdin.fileno())) if is_terminal() else None
        watcher = stack.enter_context(Watcher(kata.root / "katas", doorbell.ring))
        watch = Watch(kata, doorbell, keyboard, watcher, command)
        try:
            watch.go_on_until_quit()
        except OSError as error:
            if error.errno not in (errno.EIO, errno.EPIPE):  # the terminal was closed
                raise
        finally:
            watch.end()
    return watch.status


@dataclass(frozen=True)
class _Wish:
    """A run that shall begin as soon as none is going on."""

    why: str
    all_steps: bool = False


@dataclass(frozen=True)
class _Question:
    """A question that waits for a key: "y", or any other for no."""

    yes: Callable[[], None]
    no: Callable[[], None]


class Watch:
    """The state between two events; at most one run at any time."""

    def __init__(
        self, kata: Kata, doorbell: Doorbell, keyboard: Keyboard | None, watcher: Watcher, command: Sequence[str]
    ) -> None:
        self._kata = kata
        self._doorbell = doorbell
        self._keyboard = keyboard
        self._watcher = watcher
        self._command = command
        self._store = open_store(kata.root)
        self._screen = Screen(console(), terminal=keyboard is not None)
        self._changes = Changes(content_of(kata))
        self._run: Run | None = None
        self._wish: _Wish | None = _Wish("the first run")
        self._question: _Question | None = None
        self._later: Callable[[], None] | None = None  # a key's work that waits for the run's end
        self._outcome: Outcome | None = None
        self._said_ending = False
        self._quit = False

    @property
    def status(self) -> int:
        """The exit status for the last run's colour; where none has ended, for that of the history's last."""
        outcome = self._outcome
        if outcome is None and (record := self._store.last_run(self._kata.id)):
            outcome = outcome_of(record, self._kata)
        return OF_COLOUR[outcome.colour if outcome else "red"]

    def go_on_until_quit(self) -> None:
        """Handle one event after the other."""
        while not self._quit:
            timeout = self._advance()
            signals, keys = self._doorbell.wait(timeout, self._keyboard.fd if self._keyboard else None)
            if signals.intersection(LEAVE):
                self._quit = True
            elif signal.SIGTSTP in signals:
                self._stop_until_continued()
            elif keys:
                self._read_keys()

    def end(self) -> None:
        """Whatever happened: no run goes on, and the shell's prompt gets a line of its own."""
        if run := self._run:
            run.cancel()
            while not run.over:
                self._press(run)
                signals, _ = self._doorbell.wait(_PRESS_EVERY)
                if signals.intersection(LEAVE):  # a second Ctrl-C
                    run.kill()
            run.clear_up()
        with contextlib.suppress(OSError):
            self._screen.leave()

    # runs

    def _advance(self) -> float:
        """Do what is due; the seconds until something may be due again."""
        if self._run and self._run.over:
            self._run_is_over(self._run)
        patience = self._look()
        if self._wish:
            if self._run is None:
                self._begin(self._wish)
            elif not self._run.cancelled:
                self._run.cancel()
        elif self._run is None and self._later:
            later, self._later = self._later, None
            later()
            return 0.0
        if self._run and self._run.cancelled:
            self._press(self._run)
            return min(_PRESS_EVERY, patience)
        return patience

    def _press(self, run: Run) -> None:
        """See to it that a cancelled run ends, and say so if it takes a while."""
        run.press()
        if run.ending_for > _SAY_AFTER and not self._said_ending:
            self._said_ending = True
            with contextlib.suppress(OSError):  # the terminal was closed
                self._screen.say("ending the run that goes on …")

    def _look(self) -> float:
        """Whether something changed; the seconds until the next look."""
        content = content_of(self._kata)
        rest = self._changes.look(content, time.monotonic())
        if rest == 0:
            self._wish = _Wish(self._changes.judged.difference(content))
            self._changes.accept(content)
        if rest:
            return rest
        return _LOOK_EVERY if self._watcher.works else _LOOK_EVERY_UNTOLD

    def _begin(self, wish: _Wish) -> None:
        self._wish = None
        self._question = None
        self._said_ending = False
        self._changes.accept(content_of(self._kata))
        self._screen.begin(self._kata, wish.why)
        if not self._changes.judged.tests:
            self._outcome = Outcome("grey", remark=f"katas/{self._kata.id} has no tests")
            self._screen.say("The kata's tests are not there. As soon as they are, it runs again.")
            self._screen.status(self._outcome)
            return
        self._run = Run(self._kata, self._store, all_steps=wish.all_steps)

    def _run_is_over(self, run: Run) -> None:
        self._run = None
        run.clear_up()
        if run.cancelled:
            return
        self._outcome = run.outcome()
        if not self._later:
            self._screen.status(self._outcome)

    # keys

    def _read_keys(self) -> None:
        assert self._keyboard
        keys = self._keyboard.read()
        if keys is None:
            self._quit = True
            return
        for key in keys:
            if key == "q":
                self._quit = True
                return
            if question := self._question:
                self._question = None
                (question.yes if key == "y" else question.no)()
            else:
                self._pressed(key)

    def _pressed(self, key: str) -> None:
        match key:
            case "enter":
                self._wish = _Wish("Enter")
            case "a":
                self._wish = _Wish("all steps", all_steps=True)
            case "h":
                self._later = lambda: self._show("hint", self._kata.id)
            case "d":
                self._later = lambda: self._show("diff", self._kata.id)
            case "n":
                self._later = self._look_for_next
            case "r":
                self._reset(was_running=self._run is not None)

    def _show(self, *arguments: str) -> None:
        """Run a command in front: it has the terminal, and may ask or page."""
        self._screen.leave()
        self._in_front(*arguments)
        if not self._quit:
            self._screen.status(self._outcome)

    def _reset(self, *, was_running: bool) -> None:
        """A run that goes on is cancelled: what it judges is about to go."""
        if self._run:
            self._run.cancel()

        def yes() -> None:
            self._show("reset", self._kata.id)
            if was_running and self._changes.judged == content_of(self._kata):
                self._wish = _Wish("nothing was reset")

        def no() -> None:
            if was_running:
                self._wish = _Wish("not reset")
            else:
                self._screen.status(self._outcome)

        def ask() -> None:
            self._ask(f"Put the stub of {self._kata.id} back? Your answer is saved first.", yes, no)

        self._later = ask

    def _look_for_next(self) -> None:
        self._screen.leave()
        self._in_front("next")
        if self._quit:
            return
        found = recommended(self._kata.root, self._store, beside=self._kata.id)
        if found is None:
            self._screen.status(self._outcome)
            return
        self._ask(
            f"Go on with {found.id}?",
            lambda: self._move_to(found),
            lambda: self._screen.status(self._outcome),
        )

    def _move_to(self, kata: Kata) -> None:
        self._kata = kata
        self._outcome = None
        self._changes = Changes(content_of(kata))
        self._wish = _Wish("the first run")

    def _ask(self, text: str, yes: Callable[[], None], no: Callable[[], None]) -> None:
        if self._keyboard:
            self._keyboard.forget()  # what was typed before the question is no answer to it
        self._question = _Question(yes, no)
        self._screen.ask(text)

    def _in_front(self, *arguments: str) -> None:
        """Run `mqkata …` with the terminal as it was before, and wait for it."""
        with self._doorbell.stoppable(), self._keyboard.lent() if self._keyboard else contextlib.nullcontext():
            process = subprocess.Popen([*self._command, *arguments], cwd=self._kata.root)
            while process.poll() is None:
                signals, _ = self._doorbell.wait(1)
                if signals & {signal.SIGTERM, signal.SIGHUP}:  # Ctrl-C is the command's own
                    self._quit = True
                    process.terminate()

    # Ctrl-Z

    def _stop_until_continued(self) -> None:
        self._screen.leave()
        run = self._run
        if run:
            run.pause()
        with self._doorbell.stoppable(), self._keyboard.lent() if self._keyboard else contextlib.nullcontext():
            signal.pthread_kill(threading.get_ident(), signal.SIGTSTP)
        if run:
            run.resume()
            self._wish = self._wish or _Wish("continued")  # the deadlines of the paused one did not pause
        elif self._question is None:
            self._screen.status(self._outcome)
        else:
            question, self._question = self._question, None
            question.no()
