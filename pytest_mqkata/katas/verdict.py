"""From what a test raised to what the learner reads: a colour, a sentence, a place, evidence."""

from __future__ import annotations

import linecache
import os
import traceback
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pytest_mqkata.errors import EnvironmentProblem, ServerConfigError
from pytest_mqkata.katas.answer import Answer, AnswerNotLoadable, Unwritten, is_config
from pytest_mqkata.katas.deadline import DeadlineReached
from pytest_mqkata.katas.places import from_here
from pytest_mqkata.katas.steps import Step

GREEN, RED, AMBER, GREY, WAITING = "green", "red", "amber", "grey", "waiting"


class NotWritten(Exception):
    """The step's function is still the stub."""

    def __init__(self, stub: Unwritten) -> None:
        super().__init__(stub.name)
        self.stub = stub


class LeftBehind(Exception):
    """The step left connections or threads behind."""


@dataclass
class Verdict:
    """What became of one test of a step.

    Attributes:
        kata: its id, "kafka/04".
        step: its step's number.
        heading: the step with its title.
        colour: "green", "red" (failed), "amber" (the answer could not be loaded), "grey" (the environment failed),
            "waiting" (an earlier step failed, so this was not run).
        headline: one or two sentences.
        where: "path:line" that a terminal can open; "" if there is none.
        lines: more, for the report's body.
        answer: the folder of the answer that ran.
    """

    kata: str
    step: int
    heading: str
    colour: str
    headline: str = ""
    where: str = ""
    lines: list[str] = field(default_factory=list)
    answer: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Verdict:
        return cls(**data)


def judge(error: BaseException, step: Step, answer: Answer) -> Verdict:
    """What an exception from a kata's test means."""
    verdict = Verdict(step.kata.id, step.number, step.heading, RED, answer=str(answer.folder))
    error = first_error(error)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if answer.owns(frame.filename)]
    test = [
        frame for frame in frames if Path(frame.filename).parent == step.kata.folder and not answer.owns(frame.filename)
    ]
    match error:
        case NotWritten(stub=stub) if is_config(stub.name):
            json = stub.name.endswith(".json")  # in which there are no comments
            verdict.headline = (
                f"not written yet: `{stub.name}` holds nothing but {'empty values' if json else 'comments'}"
            )
            verdict.where = f"{from_here(stub.file)}:{stub.line}"
            says = "The kata's README says what it is for."
            verdict.lines = [says if json else f"Its comments say what to set. {says}"]
        case NotWritten(stub=stub):
            verdict.headline = f"not written yet: `{stub.name}()` in {from_here(stub.file)}:{stub.line}"
            verdict.where = f"{from_here(stub.file)}:{stub.line}"
            verdict.lines = [
                "Write that function; its docstring says what it must do, the kata's README what it is for."
            ]
        case NotImplementedError() if own:
            name, place = own[-1].name, f"{from_here(own[-1].filename)}:{own[-1].lineno}"
            verdict.headline, verdict.where = f"not written yet: `{name}()` in {place}", place
        case AnswerNotLoadable():
            verdict.colour = AMBER
            verdict.headline = f"the answer could not be loaded: {_shorten_paths(str(error), answer)}"
        case EnvironmentProblem():
            verdict.colour = GREY
            verdict.headline = error.what
            verdict.lines = [*error.mend, *(["", *error.details.splitlines()[-15:]] if error.details else [])]
        case ServerConfigError():
            verdict.headline = str(error).splitlines()[0]
            verdict.lines = str(error).splitlines()[1:]
        case LeftBehind():
            verdict.headline = _shorten_paths(str(error), answer)
        case DeadlineReached():
            verdict.headline = _shorten_paths(str(error), answer)
        case SystemExit():
            verdict.headline = (
                "your code ended the program with sys.exit(). A function that others call returns or raises instead."
            )
        case KeyboardInterrupt():
            verdict.headline = (
                "your code raised KeyboardInterrupt. That is the user's Ctrl-C; raise an error of your own."
            )
        case AssertionError() if not own:
            headline, *details = _message(error)
            verdict.headline, verdict.lines = headline, details
        case pytest.fail.Exception():
            headline, *details = _message(error)
            verdict.headline, verdict.lines = headline, details
        case _ if own and _raised_below(frames, own[-1], test):
            name = next(frame.name for frame in own)
            first, *details = _message(error)
            verdict.headline = f"`{name}()` raised {type(error).__name__}: {first}"
            verdict.lines = details
        case _:
            first, *details = _message(error)
            verdict.headline = (
                f"the test could not go on with what it got from your answer: {type(error).__name__}: {first}"
            )
            verdict.lines = details
    if not verdict.where:
        verdict.where = _place(own, test)
    if verdict.colour == RED and not isinstance(error, NotWritten):
        verdict.lines += _code_lines(own, test)
    verdict.lines += _notes(error)
    return verdict


def _raised_below(
    frames: traceback.StackSummary, own: traceback.FrameSummary, test: list[traceback.FrameSummary]
) -> bool:
    """Whether the exception came out of the answer, not out of a callback of the test that the answer called."""
    order = list(frames)
    return not test or order.index(own) > order.index(test[-1])


def _message(error: BaseException) -> list[str]:
    lines = str(error).splitlines() or [type(error).__name__]
    return [line for line in lines if line.strip()] or [type(error).__name__]


def first_error(error: BaseException) -> BaseException:
    """The error itself, or the first one of a group, which is the one that is judged."""
    found = error
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found


def _place(own: list[traceback.FrameSummary], test: list[traceback.FrameSummary]) -> str:
    for frames in (own, test):
        if frames:
            return f"{from_here(frames[-1].filename)}:{frames[-1].lineno}"
    return ""


def _code_lines(own: list[traceback.FrameSummary], test: list[traceback.FrameSummary]) -> list[str]:
    lines = []
    for label, frames in (("the test", test), ("your code", own)):
        if frames:
            frame = frames[-1]
            source = linecache.getline(frame.filename, frame.lineno or 0).strip()
            lines.append(f"{label}: {from_here(frame.filename)}:{frame.lineno} in {frame.name}")
            if source:
                lines.append(f"    {source}")
    return ["", *lines] if lines else []


def _notes(error: BaseException) -> list[str]:
    """What hypothesis says about the example that failed."""
    notes = [line for note in getattr(error, "__notes__", ()) for line in note.splitlines()]
    kept = [line for line in notes if line.strip() and "reproduce_failure" not in line and "@seed" not in line]
    return ["", *kept] if kept else []


def _shorten_paths(text: str, answer: Answer) -> str:
    return text.replace(f"{answer.folder}{os.sep}", f"{from_here(answer.folder)}{os.sep}")
