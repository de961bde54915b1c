"""`mqkata new`: a new kata."""

from __future__ import annotations

import re

import typer

from pytest_mqkata.authoring.scaffold import CannotMake, scaffold
from pytest_mqkata.brokers import TITLES
from pytest_mqkata.cli.here import console, repository
from pytest_mqkata.cli.shown import print_line


def make_kata(name: str, topic: str) -> None:
    """Write the files of a new kata and say what comes next."""
    found = re.fullmatch(r"([a-z]+)/(\d\d?)", name)
    if found is None or found[1] not in TITLES or int(found[2]) == 0:
        raise typer.BadParameter(
            f"{name!r} does not name a kata: a broker ({', '.join(TITLES)}) and a number, such as redis/09."
        )
    root = repository()
    broker, number = found[1], f"{int(found[2]):02}"
    try:
        made = scaffold(root, broker, number, topic)
    except CannotMake as error:
        raise typer.BadParameter(str(error)) from error
    out = console()
    for file in made:
        print_line(out, f"  {file.relative_to(root)}")
    kata = f"{broker}/{number}"
    print_line(out, f"It runs as it is: pytest katas/{kata} --solutions")
    print_line(
        out, "Give it a place in katas/study-path.toml and in the README's table; docs/writing-katas.md says the rest."
    )
    print_line(out, f"Next: mqkata verify {kata} --record, then mqkata verify {kata}", "bold")
