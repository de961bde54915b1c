"""Answers that are recorded beside a kata: wrong ones, and right ones in other styles."""

from __future__ import annotations

import ast
import itertools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pytest_mqkata.katas.answer import is_config
from pytest_mqkata.katas.kata import Kata


@dataclass(frozen=True)
class Mistake:
    """A recorded wrong answer: the solution with some definitions, or whole files, replaced.

    A .py file: definitions that replace the solution's. A folder: configuration files that replace the solution's,
    `<topic>.py` as the .py file, and mistake.toml with `title`, `step` and `why`.
    """

    kata: Kata
    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def text(self) -> str:
        """The definitions; "" if none are wrong."""
        file = self.path / self.kata.module if self.path.is_dir() else self.path
        return file.read_text(encoding="utf-8") if file.exists() else ""

    @property
    def configs(self) -> dict[str, str]:
        """The configuration files, by name."""
        if not self.path.is_dir():
            return {}
        return {file.name: file.read_text(encoding="utf-8") for file in self.path.iterdir() if is_config(file.name)}

    @property
    def files(self) -> dict[str, str]:
        """The files of the whole wrong answer that differ from the solution's, by name."""
        return {self.kata.module: f"{solution_text(self.kata)}\n\n{self.text}", **self.configs}

    @property
    def title(self) -> str:
        """What is wrong, in a few words."""
        return self._about[0]

    @property
    def step(self) -> int:
        """The first step that rejects it; 0 if it does not say."""
        return self._about[1]

    @property
    def why(self) -> str:
        """Why that is wrong."""
        return self._about[2]

    @cached_property
    def _about(self) -> tuple[str, int, str]:
        if self.path.is_dir():
            about = tomllib.loads((self.path / "mistake.toml").read_text(encoding="utf-8"))
            return str(about.get("title", "")), int(about.get("step", 0)), str(about.get("why", "")).strip()
        docstring = ast.get_docstring(ast.parse(self.text)) or ""
        step = re.search(r"^Step: (\d+)$", docstring, re.MULTILINE)
        why = re.search(r"^Why: (.+)", docstring, re.MULTILINE | re.DOTALL)
        title = docstring.partition("\n")[0].strip()
        return title, int(step[1]) if step else 0, " ".join(why[1].split()) if why else ""


@dataclass(frozen=True)
class Alternative:
    """A right answer in another style: a whole module, or a folder with whole files."""

    kata: Kata
    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def files(self) -> dict[str, str]:
        """The files that differ from the solution's, by name."""
        if self.path.is_file():
            return {self.kata.module: self.path.read_text(encoding="utf-8")}
        return {file.name: file.read_text(encoding="utf-8") for file in self.path.iterdir() if file.is_file()}

    @property
    def about(self) -> str:
        """What is different about its style and what that shows: its module's docstring, else a config's first comment.

        Its first paragraph says what the style is.
        """
        files = self.files
        if text := files.get(self.kata.module):
            return ast.get_docstring(ast.parse(text)) or ""
        for name in sorted(files):
            comment = itertools.takewhile(lambda line: line.startswith("#"), files[name].splitlines())
            if said := "\n".join(line.lstrip("# ").rstrip() for line in comment):
                return said
        return ""


def mistakes(kata: Kata) -> list[Mistake]:
    """By name; [] if none are recorded."""
    return [Mistake(kata, path) for path in _pieces(kata, "mistakes")]


def alternatives(kata: Kata) -> list[Alternative]:
    """By name; [] if none are recorded."""
    return [Alternative(kata, path) for path in _pieces(kata, "alternatives")]


def lay_out(kata: Kata, files: Mapping[str, str], folder: Path) -> None:
    """Write an answer into a folder as `--answers` takes it; files that it lacks are the solution's."""
    target = folder / kata.broker / kata.number
    target.mkdir(parents=True)
    for file in kata.solution_folder.iterdir():
        if file.is_file():
            (target / file.name).write_bytes(file.read_bytes())
    for name, text in files.items():
        (target / name).write_text(text, encoding="utf-8")


def solution_text(kata: Kata) -> str:
    """The solution's module."""
    return (kata.solution_folder / kata.module).read_text(encoding="utf-8")


def _pieces(kata: Kata, kind: str) -> list[Path]:
    folder = kata.root / "tests" / kind / kata.broker / kata.number
    return sorted(
        path for path in folder.glob("*") if path.suffix == ".py" or (path.is_dir() and path.name[0] not in "._")
    )
