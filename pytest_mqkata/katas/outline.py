"""Which names of the answer a kata's steps exercise, read from its tests without importing them."""

from __future__ import annotations

import ast

from pytest_mqkata.katas.answer import is_config
from pytest_mqkata.katas.kata import Kata


def step_names(kata: Kata) -> dict[int, set[str]]:
    """Step number to the top-level names and the configuration files of the answer that its tests exercise."""
    steps: dict[int, set[str]] = {}
    for function in ast.walk(ast.parse(kata.test_file.read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for mark in function.decorator_list:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func).endswith("mark.step"):
                number, *names = [ast.literal_eval(argument) for argument in mark.args]
                steps.setdefault(number, set()).update(
                    name if is_config(name) else name.partition(".")[0] for name in names
                )
    return dict(sorted(steps.items()))


def first_line(node: ast.stmt) -> int:
    """The line at which a statement begins, its decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


def configs(kata: Kata) -> list[str]:
    """The names of the answer's configuration files."""
    return sorted({name for names in step_names(kata).values() for name in names if is_config(name)})


def answer_files(kata: Kata) -> list[str]:
    """The names of the files that a learner completes: the module, then configuration files."""
    return [kata.module, *configs(kata)]
