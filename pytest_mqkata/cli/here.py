"""Which repository and which kata a command is about."""

from __future__ import annotations

import re
from pathlib import Path

import typer
from rich.console import Console

from pytest_mqkata.katas.kata import Kata, find_katas, find_root
from pytest_mqkata.progress.store import Store


def repository() -> Path:
    """The folder that holds katas/, at or above the working directory.

    Raises:
        typer.BadParameter: there is none.
    """
    root = find_root(Path.cwd())
    if root is None:
        raise typer.BadParameter("there are no katas here. Change to the folder that you cloned, or below it.")
    return root


def open_store(root: Path) -> Store:
    """The learner's state in a repository; what is damaged in it is told on standard error."""
    return Store(root, tell=lambda sentence: typer.echo(f"mqkata: {sentence}", err=True))


def kata_named(name: str | None, root: Path | None = None) -> Kata:
    """The kata "kafka/01", or the current one.

    Args:
        name: may be a path that ends like that, as a shell completes it. None: the kata that the working directory
            lies in, else the one last run or gone to.

    Raises:
        typer.BadParameter: there is no such kata, none is current yet, or there are no katas here.
    """
    root = root or repository()
    if name is None:
        return _current(root)
    katas = find_katas(root)
    found = re.search(r"([a-z]+)/(\d\d?)(?:/[^/]*)?$", name)
    wanted = f"{found[1]}/{int(found[2]):02}" if found else name
    for kata in katas:
        if kata.id == wanted:
            return kata
    raise typer.BadParameter(f"there is no kata {name!r}. There are: {', '.join(kata.id for kata in katas)}.")


def _current(root: Path) -> Kata:
    katas = {kata.id: kata for kata in find_katas(root)}
    for folder in (Path.cwd(), *Path.cwd().parents):
        for kata in katas.values():
            if folder in (kata.folder, kata.solution_folder):
                return kata
    current = open_store(root).current()
    if current in katas:
        return katas[current]
    first = next(iter(katas), "redis/01")
    raise typer.BadParameter(f"no kata was run here yet, so say which one you mean, such as {first}.")


def console() -> Console:
    """Standard output, without colours where none are wanted, and with paths whole so that a terminal can open them."""
    return Console(highlight=False, soft_wrap=False)
