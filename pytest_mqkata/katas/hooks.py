"""The hooks that make katas of tests; registered when the first kata is collected."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from _pytest._code.code import ReprFileLocation, TerminalRepr
from _pytest._io import TerminalWriter
from _pytest.terminal import TerminalReporter

from pytest_mqkata.fixtures.access import clusters_key, nodes_key, proxies_key
from pytest_mqkata.katas import leftovers, summary
from pytest_mqkata.katas.answer import Answer, is_config
from pytest_mqkata.katas.deadline import STEP_SECONDS, Deadline, in_debugger
from pytest_mqkata.katas.history import History
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.katas.steps import Step, step_of
from pytest_mqkata.katas.verdict import GREEN, WAITING, LeftBehind, NotWritten, Verdict, first_error, judge
from pytest_mqkata.terminal import brokers_key
from pytest_mqkata.timeline.recorder import Recorder

if TYPE_CHECKING:
    from pytest_mqkata.brokers.cluster import Cluster
    from pytest_mqkata.brokers.node import Node

_HYPOTHESIS_SAYS = ("Falsifying example", "Failing test case")
_CAPTURED_LIMIT = 4000  # characters of a step's output that a report shows
_EVIDENCE_SECONDS = 3.0
_TEARDOWN_SECONDS = 20.0


@dataclass
class _Practice:
    """What the plugin knows of one test of a kata."""

    step: Step
    answer: Answer
    before: leftovers.Before | None = None
    ports: set[int] = field(default_factory=set)
    waiting: bool = False
    deadline: Deadline | None = None
    recorder: Recorder | None = None


_practice_key = pytest.StashKey[_Practice]()


def answer_of(item: pytest.Item) -> Answer:
    """The answer that a kata's test judges.

    Raises:
        pytest.UsageError: the test does not belong to a kata.
    """
    practice = item.stash.get(_practice_key, None)
    if practice is None:
        raise pytest.UsageError(
            f"{item.nodeid} uses the fixture `kata`, which only tests in katas/<broker>/<NN>/ can: "
            "it is the module that a learner completes there."
        )
    return practice.answer


class KataHooks:
    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._summary = summary.Summary()
        self._history = History()
        self._sent: set[str] = set()  # katas whose answer's files went along with a report
        self._answers: dict[Path, Answer] = {}
        self._stopped: dict[str, int] = {}  # kata id to the step at which its run ended
        self._unwritten: dict[str, int] = {}  # kata id to the step whose function is still the stub
        self._interrupted = False
        self._seed = config.getoption("hypothesis_seed", None) or str(random.randrange(1, 10_000))

    # collection

    @pytest.hookimpl(wrapper=True)
    def pytest_pycollect_makemodule(self, module_path: Path) -> Generator[None, object, object]:
        """Kata modules are imported under our hypothesis settings, which their `@settings` then build upon."""
        if Kata.of_test(module_path) is not None:
            _load_hypothesis_profile()
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        chosen = self._config.getoption("step")
        kept: list[pytest.Item] = []
        dropped: list[pytest.Item] = []
        for item in items:
            kata = Kata.of_test(item.path)
            if kata is None:
                kept.append(item)
                continue
            step = step_of(item, kata)
            item.stash[_practice_key] = _Practice(step, self._answer(kata, item.path))
            (dropped if chosen not in (None, step.number) else kept).append(item)
            self._prepare(item)
        if all(_practice_key in item.stash for item in kept):
            self._leave_the_last_word_to_the_summary()
        if dropped:
            self._config.hook.pytest_deselected(items=dropped)
        items[:] = sorted(kept, key=_order(kept))

    def _leave_the_last_word_to_the_summary(self) -> None:
        """Without `-r …`, pytest's list of failed tests would push what matters out of sight."""
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None and self._config.getoption("reportchars") == "fE":
            terminal.reportchars = ""

    def _prepare(self, item: pytest.Item) -> None:
        timeout = item.get_closest_marker("timeout")
        seconds = timeout.args[0] if timeout and timeout.args else STEP_SECONDS
        # the broker's start is not the step's: only the test's own run counts
        item.add_marker(pytest.mark.timeout(seconds, func_only=True), append=False)
        function: Any = getattr(item, "obj", None)
        if getattr(function, "is_hypothesis_test", False):
            import hypothesis

            hypothesis.seed(int(self._seed))(getattr(function, "__func__", function))

    def _answer(self, kata: Kata, test_file: Path) -> Answer:
        if test_file not in self._answers:
            if self._config.getoption("solutions"):
                folder = kata.solution_folder
            elif chosen := self._config.getoption("answers"):
                folder = Path(chosen).absolute() / kata.broker / kata.number
            else:
                folder = kata.folder
            self._answers[test_file] = Answer(kata, folder, test_file.stem.removeprefix("test_"))
        return self._answers[test_file]

    # running

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        practice = item.stash.get(_practice_key, None)
        if practice is None:
            return
        step = practice.step
        stopped = self._stopped.get(step.kata.id)
        unwritten = self._unwritten.get(step.kata.id) == step.number  # its other tests would only say so again
        if stopped is not None and (step.number > stopped or unwritten) and not self._config.getoption("all_steps"):
            practice.waiting = True
            pytest.skip(f"waits for step {stopped}")
        practice.before = leftovers.look()
        deadline = Deadline(practice.answer, STEP_SECONDS, self._last_words)
        deadline.start()
        try:
            _ = practice.answer.module
        finally:
            deadline.cancel()
        if missing := practice.answer.missing(step.names):
            pytest.fail(_explain_missing(practice.answer, missing), pytrace=False)
        if stub := practice.answer.unwritten(step.names):
            self._unwritten[step.kata.id] = step.number
            raise NotWritten(stub)

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        practice = pyfuncitem.stash.get(_practice_key, None)
        if practice is None:
            return (yield)
        with self._own_interrupts(), _recorded(practice):
            try:
                return (yield)
            except KeyboardInterrupt as error:
                if self._interrupted:
                    raise
                raise _FromAnswer(error) from error

    @contextlib.contextmanager
    def _own_interrupts(self) -> Any:
        """Tell Ctrl-C from an answer that raises KeyboardInterrupt itself."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        previous = signal.getsignal(signal.SIGINT)

        def note(number: int, frame: Any) -> None:
            self._interrupted = True
            if callable(previous):
                previous(number, frame)
            else:
                raise KeyboardInterrupt

        signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, previous)

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: Any) -> bool | None:
        practice = item.stash.get(_practice_key, None)
        if practice is None:
            return None
        if not in_debugger():
            practice.deadline = Deadline(practice.answer, settings.timeout, self._last_words)
            practice.deadline.start()
        return True

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_cancel_timer(self, item: pytest.Item) -> bool | None:
        practice = item.stash.get(_practice_key, None)
        if practice is None:
            return None
        if practice.deadline:
            practice.deadline.cancel()
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        practice = item.stash.get(_practice_key, None)
        if practice is None or practice.before is None:
            return (yield)
        for node in _processes(item):
            practice.ports |= node.busy_ports
        practice.ports |= {*item.stash.get(proxies_key, [])}
        deadline = Deadline(practice.answer, _TEARDOWN_SECONDS, self._last_words)
        deadline.start()
        try:
            result = yield
        finally:
            deadline.cancel()
        if practice.ports and self._stopped.get(practice.step.kata.id) is None:
            left = leftovers.complaint(practice.before, practice.ports, practice.answer)
            if left:
                raise LeftBehind(left)
        return result

    def _last_words(self, text: str) -> None:
        capture = self._config.pluginmanager.get_plugin("capturemanager")
        if capture is not None:
            capture.suspend_global_capture(in_=True)
        sys.stderr.write(f"\n{text}\n")
        sys.stderr.flush()

    # reporting

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        practice = item.stash.get(_practice_key, None)
        if practice is None:
            return report
        verdict = self._verdict(item, practice, call, report)
        if verdict is None:
            return report
        lines = self._config.stash.get(brokers_key, dict[str, str]()).copy()
        generated = any(line.startswith(_HYPOTHESIS_SAYS) for line in verdict.lines)
        replay = self._replay(item, practice) if generated else ""
        root = str(practice.step.kata.root)
        files = {} if practice.step.kata.id in self._sent else practice.answer.contents
        if files:
            self._sent.add(practice.step.kata.id)
        report.mqkata = {  # type: ignore[attr-defined]
            "verdict": verdict.to_json(),
            "brokers": lines,
            "replay": replay,
            "root": root,
            "files": files,
            "timeline": _timeline(practice, call) if report.failed else [],
        }
        if report.failed:
            report.when = "call"  # a step that fails, fails: it is no error of the test's own making
            report.longrepr = _StepRepr(verdict)
            self._stopped.setdefault(practice.step.kata.id, practice.step.number)
        report.sections = [(name, _cut(text)) for name, text in report.sections]
        return report

    def _verdict(
        self, item: pytest.Item, practice: _Practice, call: pytest.CallInfo[None], report: pytest.TestReport
    ) -> Verdict | None:
        step, answer = practice.step, practice.answer
        if practice.waiting:
            return Verdict(step.kata.id, step.number, step.heading, WAITING) if report.skipped else None
        if report.passed:
            if call.when != "call":
                return None
            return Verdict(step.kata.id, step.number, step.heading, GREEN, answer=str(answer.folder))
        if not report.failed or call.excinfo is None:
            return None
        error = call.excinfo.value
        if isinstance(error, _FromAnswer):
            error = error.error
        verdict = judge(error, step, answer)
        if verdict.colour == "red" and call.when == "call":
            verdict.lines += _evidence(item)
        return verdict

    def _replay(self, item: pytest.Item, practice: _Practice) -> str:
        if not getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            return ""
        step = practice.step
        return f"pytest katas/{step.kata.id} --step {step.number} --hypothesis-seed={self._seed}"

    def logged(self, report: Any) -> None:
        """A report of a kata's test came in, from here or from a pytest-xdist worker."""
        data = report.mqkata
        verdict = Verdict.from_json(data["verdict"])
        broker, _, number = verdict.kata.partition("/")
        kata = Kata(Path(data["root"]), broker, number)
        if self._config.getoption("numprocesses", None):
            self._leave_the_last_word_to_the_summary()
        self._summary.add(kata, verdict, data["brokers"], data["replay"])
        self._history.add(kata, verdict, report.nodeid, report.duration, data)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        for item in items:
            if kata := Kata.of_test(item.path):
                self._history.deselected(kata)

    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        if not hasattr(report, "mqkata"):
            return None
        return summary.status(Verdict.from_json(report.mqkata["verdict"]), report.outcome)

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        self._summary.write(terminalreporter)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Threads of an answer that never end would keep this process from ending, after all is said."""
        if leftovers.endless_threads() and not hasattr(config, "workerinput"):
            session = getattr(config, "_mqkata_exitstatus", 1)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(int(session))

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        self._config._mqkata_exitstatus = int(exitstatus)  # type: ignore[attr-defined]
        if not hasattr(self._config, "workerinput"):
            interrupted = int(exitstatus) in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
            self._summary.notes += self._history.write(interrupted=interrupted)


@contextlib.contextmanager
def _recorded(practice: _Practice) -> Iterator[None]:
    """Record what the test's clients and faults do."""
    practice.recorder = recorder = Recorder(practice.answer.owns, practice.step.kata.root / "katas")
    with recorder.recording():
        yield


def _timeline(practice: _Practice, call: pytest.CallInfo[None]) -> list[dict[str, Any]]:
    if practice.recorder is None:
        return []
    error = call.excinfo.value if call.excinfo else None
    return practice.recorder.events(first_error(error) if error else None)


class _FromAnswer(Exception):
    """Carries a KeyboardInterrupt that the answer itself raised, so that it does not end the run."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


class _StepRepr(TerminalRepr):
    """A failed step on the terminal; as text where only text can go (pytest-xdist, JUnit XML)."""

    def __init__(self, verdict: Verdict) -> None:
        self._verdict = verdict
        path, _, line = verdict.where.rpartition(":")
        self.reprcrash = ReprFileLocation(path, int(line) if line.isdigit() else 0, verdict.headline)

    def toterminal(self, tw: TerminalWriter) -> None:
        verdict = self._verdict
        tw.line(f"{verdict.kata} · {verdict.heading}", bold=True)
        tw.line("")
        colour = {"amber": "yellow", "red": "red"}.get(verdict.colour)
        tw.line(verdict.headline, **({colour: True} if colour else {}))
        for line in verdict.lines:
            tw.line(line)
        if verdict.where:
            tw.line("")
            tw.line(verdict.where, bold=True)


def _order(items: list[pytest.Item]) -> Any:
    """Sort the tests of a kata by step where they stand; leave everything else where it is."""
    first: dict[Path, int] = {}
    for index, item in enumerate(items):
        first.setdefault(item.path, index)

    def key(item: pytest.Item) -> tuple[int, int]:
        practice = item.stash.get(_practice_key, None)
        return (first[item.path], practice.step.number if practice else 0)

    return key


def _load_hypothesis_profile() -> None:
    import hypothesis

    hypothesis.settings.register_profile(
        "mqkata",
        deadline=None,  # a broker's answer takes as long as it takes
        suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],  # examples isolate by fresh names
    )
    hypothesis.settings.load_profile("mqkata")


def _explain_missing(answer: Answer, name: str) -> str:
    if is_config(name):
        return f"There is no {name} in {answer.folder}, which this step starts brokers with. It must keep its name."
    return (
        f"{answer.file.name} has no `{name}`, which this step calls. Names and signatures of the stub must stay as "
        "they are."
    )


def _processes(item: pytest.Item) -> list[Node]:
    """Every broker process that the test holds."""
    clusters = item.stash.get(clusters_key, [])
    return [*item.stash.get(nodes_key, []), *(member for cluster in clusters for member in cluster.members)]


def _evidence(item: pytest.Item) -> list[str]:
    """What the brokers hold at this moment, asked in a thread, so that a stuck broker cannot stop the report."""
    lines: list[str] = []

    def tell(holder: Node | Cluster[Node], processes: Sequence[Node]) -> None:
        with contextlib.suppress(Exception):
            died = [node for node in processes if node.died]
            for node in died:
                lines.append(f"{node!r} has died by itself. The end of its log {node.log_path}:")
                lines.extend(f"    {line}" for line in node.log.splitlines()[-10:])
            if not died:
                lines.extend(f"    {line}" for line in holder.evidence())

    def ask() -> None:
        for node in item.stash.get(nodes_key, []):
            tell(node, [node])
        for cluster in item.stash.get(clusters_key, []):
            tell(cluster, cluster.members)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_EVIDENCE_SECONDS)
    return ["", "what the broker held:", *lines] if lines else []


def _cut(text: str) -> str:
    if len(text) <= _CAPTURED_LIMIT:
        return text
    left_out = len(text) - _CAPTURED_LIMIT
    return f"… {left_out} characters left out …\n{text[-_CAPTURED_LIMIT:]}"
