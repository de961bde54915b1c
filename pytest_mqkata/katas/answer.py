"""The answer to a kata: where it is, its module, and what of it is still a stub."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import json
import linecache
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from pytest_mqkata.errors import MqkataError
from pytest_mqkata.katas.kata import Kata


class AnswerNotLoadable(MqkataError):
    """The answer's module cannot be imported; the text says where and why."""


CONFIG_SUFFIXES = frozenset({".conf", ".ini", ".json", ".toml", ".yaml", ".yml"})
"""A name in a step's marker that ends so is a file of the answer, not a function."""

_BIGGEST = 1_000_000  # bytes of a file that still counts as part of an answer
COMMENT_STARTS = ("#", "//", "%%")
"""What a line of a configuration file begins with that says nothing."""


def is_config(name: str) -> bool:
    """Whether a name in a step's marker is that of a configuration file."""
    return Path(name).suffix in CONFIG_SUFFIXES


@dataclass(frozen=True)
class Unwritten:
    """A function, method or configuration file of the answer that is still the stub."""

    name: str
    file: Path
    line: int


class Answer:
    """An answer, loaded when its module is first asked for, and only once."""

    def __init__(self, kata: Kata, folder: Path, topic: str) -> None:
        """
        Args:
            kata: which exercise.
            folder: where the answer lies.
            topic: its module's name, "first_queue" for first_queue.py.
        """
        self.kata = kata
        self.folder = folder
        self.file = folder / f"{topic}.py"
        self.contents: dict[str, bytes] = {}
        """The answer's files by name, as they were when the module was loaded; empty before."""
        self._module: ModuleType | None = None
        self._problem: AnswerNotLoadable | None = None

    @property
    def module(self) -> ModuleType:
        """
        Raises:
            AnswerNotLoadable: at each call, if the first failed.
        """
        if self._problem:
            raise self._problem
        if self._module is None:
            with contextlib.suppress(OSError):  # what cannot be read is told of where it is loaded
                self.contents = read_files(self.folder)
            try:
                self._module = self._load()
            except AnswerNotLoadable as problem:
                self._problem = problem
                raise
        return self._module

    def owns(self, file: str | Path) -> bool:
        """Whether a file is part of the answer (and not of the kata's tests)."""
        path = Path(file)
        return path.parent == self.folder and not path.name.startswith("test_")

    @contextlib.contextmanager
    def importable(self) -> Iterator[None]:
        """Other modules in the answer's folder can be imported meanwhile; afterwards they are forgotten.

        Forgotten, because answers of different katas may each have a helpers.py.
        """
        entry = str(self.folder)
        sys.path.insert(0, entry)
        try:
            yield
        finally:
            with contextlib.suppress(ValueError):
                sys.path.remove(entry)

    def _load(self) -> ModuleType:
        if not self.file.is_file():
            raise AnswerNotLoadable(
                f"There is no {self.file.name} in {self.folder}: that is the file to write the answer in."
            )
        name = f"mqkata_answers.{self.kata.broker}_{self.kata.number}.{self.file.stem}"
        spec = importlib.util.spec_from_file_location(name, self.file)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # before it runs: dataclasses look their module up
        linecache.checkcache(str(self.file))
        try:
            with self.importable():
                spec.loader.exec_module(module)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            sys.modules.pop(name, None)
            raise AnswerNotLoadable(self._explain(error)) from error
        return module

    def _explain(self, error: BaseException) -> str:
        if isinstance(error, SyntaxError):
            what = f"{type(error).__name__}: {error.msg}"
            return f"{error.filename}:{error.lineno}: {what}. Python cannot read the file until that is mended."
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if self.owns(frame.filename)]
        where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else str(self.file)
        if isinstance(error, SystemExit):
            what = "the module calls sys.exit() while it is imported"
            return f"{where}: {what}. Importing an answer must not end the program."
        if isinstance(error, ModuleNotFoundError):
            what = f"there is no module {error.name!r}"
            return f"{where}: {what}. Check the import's spelling; `make setup` installs all that the katas need."
        return f"{where}: {type(error).__name__}: {error}. It was raised while the module was imported."

    def unwritten(self, names: tuple[str, ...]) -> Unwritten | None:
        """The first of `names` ("function", "Class", "Class.method", "file.conf") that is still the stub's."""
        stubs = self._stubs()
        for name in names:
            file = self.folder / name
            if (
                is_config(name)
                and file.is_file()
                and is_blank_config(file.read_text(encoding="utf-8", errors="replace"))
            ):
                return Unwritten(name, file, 1)
            for stub in stubs:
                if stub.name == name or stub.name.startswith(f"{name}."):
                    return stub
        return None

    def missing(self, names: tuple[str, ...]) -> str | None:
        """The first of `names` that the answer does not have."""
        for name in names:
            if is_config(name):
                if not (self.folder / name).is_file():
                    return name
            elif not hasattr(self.module, name.partition(".")[0]):
                return name
        return None

    def _stubs(self) -> list[Unwritten]:
        try:
            tree = ast.parse(self.file.read_bytes())
        except SyntaxError:
            return []
        found: list[Unwritten] = []
        defined: dict[str, Unwritten | None] = {}
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                        name = f"{node.name}.{inner.name}"
                        defined[name] = Unwritten(name, self.file, inner.lineno) if is_stub(inner) else None
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                defined[node.name] = Unwritten(node.name, self.file, node.lineno) if is_stub(node) else None
        found += [stub for stub in defined.values() if stub]
        return sorted(found, key=lambda stub: stub.line)


def read_files(folder: Path) -> dict[str, bytes]:
    """The files of an answer, by name: all in the folder but the kata's own, hidden and very big ones.

    Raises:
        OSError: one of them is there and cannot be read.
    """
    found = {}
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        own = file.name in ("README.md", "hints.toml") or file.name.startswith(("test_", "."))
        with contextlib.suppress(FileNotFoundError):  # an editor's backup that has gone meanwhile
            if not own and file.is_file() and file.stat().st_size <= _BIGGEST:
                found[file.name] = file.read_bytes()
    return found


def is_blank_config(text: str) -> bool:
    """Whether a configuration file says nothing: comments and empty lines only, or JSON with nothing but empty values."""
    lines = (line.strip() for line in text.splitlines())
    return all(not line or line.startswith(COMMENT_STARTS) for line in lines) or _is_empty_json(text)


def _is_empty_json(text: str) -> bool:
    """Whether a JSON object or array holds no value but "", null, {} and []; there are no comments in JSON."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict | list) and _says_nothing(content)


def _says_nothing(value: object) -> bool:
    if isinstance(value, dict):
        return all(map(_says_nothing, value.values()))
    if isinstance(value, list):
        return all(map(_says_nothing, value))
    return value in ("", None)


def is_stub(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a body is nothing but a docstring and `raise NotImplementedError`."""
    body = function.body
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    if len(body) != 1 or not isinstance(body[0], ast.Raise):
        return False
    raised = body[0].exc
    if isinstance(raised, ast.Call):
        raised = raised.func
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
