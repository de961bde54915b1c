"""A new kata, small and whole: it can be run, and its gates hold but for the number of mistakes."""

from __future__ import annotations

import ast
import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from pytest_mqkata.errors import MqkataError
from pytest_mqkata.katas.kata import Kata


class CannotMake(MqkataError):
    """Nothing was made; the text says why."""


def scaffold(root: Path, broker: str, number: str, topic: str) -> list[Path]:
    """Write the files of a new kata; returns them, the README first.

    Args:
        root: the folder that holds katas/ and solutions/.
        broker: "rabbitmq", "kafka", "nats", "redis".
        number: two digits.
        topic: names the module, so it must be a Python name.

    Raises:
        CannotMake: the topic is no name for a module, or there is such a kata already.
        OSError: a file cannot be written.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", topic):
        raise CannotMake(f"{topic!r} cannot name a module: small letters, digits and _, such as rate_limits.")
    kata = Kata(root, broker, number)
    tests = root / "tests"
    taken = [
        kata.folder,
        kata.solution_folder,
        *(tests / kind / broker / number for kind in ("mistakes", "alternatives")),
    ]
    if there := next((folder for folder in taken if folder.exists()), None):
        raise CannotMake(f"{there.relative_to(root)} is there already.")
    title = topic.replace("_", " ").capitalize()
    words = {
        "broker": broker,
        "number": number,
        "topic": topic,
        "title": title,
        "title_of_broker": kata.broker_title,
    }
    templates = files("pytest_mqkata.authoring") / "templates"
    own = templates / broker
    solution = _filled(own / "solution.py", words)
    texts = {
        kata.folder / "README.md": _filled(templates / "README.md", words),
        kata.folder / f"{topic}.py": as_stub(solution),
        kata.folder / f"test_{topic}.py": _filled(own / "test.py", words),
        kata.folder / "hints.toml": _filled(templates / "hints.toml", words),
        kata.solution_folder / f"{topic}.py": solution,
        tests / "alternatives" / broker / number / "other_style.py": _filled(own / "alternative.py", words),
    }
    for template in own.iterdir():
        if template.name.startswith("mistake_"):
            name = template.name.removeprefix("mistake_")
            texts[tests / "mistakes" / broker / number / name] = _filled(template, words)
    for file, text in texts.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return list(texts)


def as_stub(solution: str) -> str:
    """A module whose public functions are still to be written: signatures and docstrings as in `solution`."""
    lines = solution.splitlines()
    for node in reversed(ast.parse(solution).body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines[body[0].lineno - 1 : node.end_lineno] = ["    raise NotImplementedError"]
    return "\n".join(lines) + "\n"


def _filled(template: Traversable, words: dict[str, str]) -> str:
    return Template(template.read_text(encoding="utf-8")).substitute(words)
