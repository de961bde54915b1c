"""The folder .mqkata/: what is written there stays as it is, whoever writes beside it or is killed meanwhile."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pytest_mqkata.katas.answer import read_files
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.progress.records import Record


class Store:
    """The state of one repository's learner."""

    def __init__(self, root: Path, tell: Callable[[str], object] | None = None) -> None:
        """
        Args:
            root: the folder that holds katas/; .mqkata/ is made in it when something is written.
            tell: called with a sentence when a file was set aside.
        """
        self.folder = root / ".mqkata"
        self._root = root
        self._tell = tell

    # history

    def add(self, record: Record) -> Record:
        """Write a record down, with the next number of its kata.

        Raises:
            OSError: it cannot be written.
        """
        folder = self._history(record.kata)
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(record.to_json(), ensure_ascii=False)
        draft = folder / f".{os.getpid()}-{time.monotonic_ns()}"
        draft.write_text(text, encoding="utf-8")
        try:
            number = max(self._numbers(record.kata), default=0) + 1
            while True:
                try:
                    _publish(draft, folder / f"{number:06}.json")
                    break
                except FileExistsError:
                    number += 1  # another process was quicker
        finally:
            draft.unlink()
        return Record.from_json(record.to_json(), number)

    def records(self, kata: str) -> Iterator[Record]:
        """A kata's records, the newest first; a damaged file is set aside with a sentence."""
        for number in sorted(self._numbers(kata), reverse=True):
            if record := self.record(kata, number):
                yield record

    def record(self, kata: str, number: int) -> Record | None:
        """One record; None if there is none of that number."""
        file = self._history(kata) / f"{number:06}.json"
        try:
            return Record.from_json(json.loads(file.read_text(encoding="utf-8")), number)
        except OSError:
            return None
        except ValueError as error:
            self._set_aside(file, error)
            return None

    def last_run(self, kata: str) -> Record | None:
        """The newest run of a kata."""
        return next((record for record in self.records(kata) if record.kind == "run"), None)

    def standing(self, kata: str) -> dict[int, str]:
        """Step number to its colour as last run: a run of single steps says nothing about the others."""
        found: dict[int, str] = {}
        for record in self.records(kata):
            if record.kind == "run":
                found = {**record.steps, **found}
                if record.whole:
                    break
        return dict(sorted(found.items()))

    def _history(self, kata: str) -> Path:
        return self.folder / "history" / kata.replace("/", "-")

    def _numbers(self, kata: str) -> list[int]:
        try:
            files = list(self._history(kata).iterdir())
        except OSError:
            return []
        return [int(file.stem) for file in files if file.suffix == ".json" and file.stem.isdigit()]

    # answers

    def keep(self, files: Mapping[str, bytes]) -> dict[str, str]:
        """Keep contents; file name to sha256.

        Raises:
            OSError: they cannot be written.
        """
        folder = self.folder / "answers"
        found = digests(files)
        for name, content in files.items():
            if not (folder / found[name]).exists():
                folder.mkdir(parents=True, exist_ok=True)
                write_whole(folder / found[name], content)
        return found

    def content(self, digest: str) -> bytes | None:
        """What was kept under a sha256; None if it is gone or damaged."""
        file = self.folder / "answers" / digest
        try:
            content = file.read_bytes()
        except OSError:
            return None
        if hashlib.sha256(content).hexdigest() != digest:
            self._set_aside(file, ValueError("its content is not what was kept"))
            return None
        return content

    def save(self, kata: Kata, note: str) -> Record:
        """The record that holds the answer as it is now: the newest if it does already, else a new one.

        Raises:
            OSError: it cannot be written.
        """
        files = self.keep(read_files(kata.folder))
        newest = next(self.records(kata.id), None)
        if newest is not None and newest.files == files:
            return newest
        return self.add(Record("saved", kata.id, time.time(), note=note, files=files))

    # hints

    def hint_shown(self, kata: str, step: int, level: int) -> None:
        """Remember that a hint was shown; where it cannot be written it is forgotten."""
        self._mark("hints", kata, f"{step}-{level}", "")

    def hints_shown(self, kata: str, step: int) -> int:
        """The highest level of a step's hints that was shown; 0 if none."""
        levels = [name.removeprefix(f"{step}-") for name in self._marks("hints", kata) if name.startswith(f"{step}-")]
        return max((int(level) for level in levels if level.isdigit()), default=0)

    def first_hint_since(self, run: Record) -> bool:
        """Whether no hint was asked for since a run; from now on one was."""
        name = f"run-{run.number}"
        if name in self._marks("hints", run.kata):
            return False
        self._mark("hints", run.kata, name, "")
        return True

    # the solution, and the wrong answers to guess

    def allow_solution(self, kata: str) -> None:
        """Remember that the learner wants to see the solution; where it cannot be written it is forgotten."""
        self._mark("allowed", kata, "solution", "")

    def solution_allowed(self, kata: str) -> bool:
        """Whether the learner once said so, though the kata was not green."""
        return "solution" in self._marks("allowed", kata)

    def guessed(self, kata: str, mistake: str, outcome: str) -> None:
        """Remember that a mistake was shown, and the guess ("right", "wrong", "shown"); see `allow_solution`."""
        self._mark("guesses", kata, mistake, outcome)

    def guesses(self, kata: str) -> dict[str, str]:
        """The mistakes that were shown so far, by name, with what became of the guess."""
        return self._marks("guesses", kata)

    def forget_guesses(self, kata: str) -> None:
        """All may be asked again."""
        for name in self._marks("guesses", kata):
            with contextlib.suppress(OSError):
                (self._marks_folder("guesses", kata) / name).unlink()

    def _mark(self, kind: str, kata: str, name: str, text: str) -> None:
        folder = self._marks_folder(kind, kata)
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / name, text.encode())

    def _marks(self, kind: str, kata: str) -> dict[str, str]:
        found = {}
        with contextlib.suppress(OSError):
            for file in sorted(self._marks_folder(kind, kata).iterdir()):
                if not file.name.startswith("."):
                    found[file.name] = file.read_text(encoding="utf-8", errors="replace")
        return found

    def _marks_folder(self, kind: str, kata: str) -> Path:
        return self.folder / kind / kata.replace("/", "-")

    # the current kata

    def go_to(self, kata: str) -> None:
        """
        Raises:
            OSError: it cannot be written.
        """
        self.folder.mkdir(exist_ok=True)
        write_whole(self.folder / "current", json.dumps({"kata": kata, "time": time.time()}).encode())

    def current(self) -> str | None:
        """The kata that was last run or gone to; None if there is none yet."""
        latest: tuple[float, str] | None = None
        file = self.folder / "current"
        try:
            gone = json.loads(file.read_text(encoding="utf-8"))
            latest = float(gone["time"]), str(gone["kata"])
        except OSError:
            pass
        except (ValueError, KeyError, TypeError) as error:
            self._set_aside(file, error)
        for folder in (self.folder / "history").glob("*-*"):
            kata = folder.name.replace("-", "/")
            if record := self.last_run(kata):
                latest = max(latest or (0.0, ""), (record.time, kata))
        return latest[1] if latest else None

    def _set_aside(self, file: Path, error: Exception) -> None:
        target = self.folder / "aside" / f"{time.time_ns()}-{file.name}"
        reason = "it is no JSON" if isinstance(error, json.JSONDecodeError) else str(error)
        with contextlib.suppress(OSError):
            target.parent.mkdir(parents=True, exist_ok=True)
            file.rename(target)
            if self._tell:
                self._tell(
                    f"{file.relative_to(self._root)} was set aside as {target.relative_to(self._root)}: {reason}. "
                    "Nothing else is affected."
                )


def write_whole(target: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all; what was there before stays until then.

    A symbolic link stays one: the file that it points to is written.

    Raises:
        OSError: it cannot be written.
    """
    target = target.resolve()
    draft = target.with_name(f".{target.name}.{os.getpid()}-{time.monotonic_ns()}~")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            draft.chmod(target.stat().st_mode & 0o7777)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _publish(draft: Path, target: Path) -> None:
    """Give a whole file its name.

    Raises:
        FileExistsError: there is one of that name.
    """
    try:
        os.link(draft, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        with target.open("xb") as file:
            file.write(draft.read_bytes())


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """File name to the sha256 of its content."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def is_present(kata: Kata, record: Record) -> bool:
    """Whether the answer is now as it was at a record's time."""
    return digests(read_files(kata.folder)) == record.files


def suite_digest(kata: Kata) -> str:
    """The sha256 of a kata's tests."""
    try:
        return hashlib.sha256(kata.test_file.read_bytes()).hexdigest()
    except OSError:
        return ""
