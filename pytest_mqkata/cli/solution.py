"""`mqkata solution`: the solution, and right answers in other styles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import typer
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from pytest_mqkata.cli.consent import ask_before_the_solution
from pytest_mqkata.cli.differences import highlighted
from pytest_mqkata.cli.here import console, kata_named, open_store, repository
from pytest_mqkata.cli.paging import show
from pytest_mqkata.katas.answer import is_config
from pytest_mqkata.katas.examples import Alternative, alternatives
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.katas.places import from_here

_SOLUTION = "solution"


def show_solution(name: str | None, style: str | None, yes: bool) -> None:
    """Print the list of styles and the solution, or the answer of one style."""
    root = repository()
    kata = kata_named(name, root)
    styles = {one.name: one for one in alternatives(kata)}
    if style not in (None, _SOLUTION, *styles):
        raise typer.BadParameter(f"{kata.id} has no style {style!r}. There are: {', '.join([_SOLUTION, *styles])}.")
    ask_before_the_solution(kata, open_store(root), yes=yes)
    out = console()
    width = min(out.width, 120)
    parts: list[RenderableType] = [Text(f"{kata.broker_title} {kata.number} · {kata.title}", style="bold")]
    if style is None:
        parts += _list(kata, list(styles.values()), width)
    if style in (None, _SOLUTION):
        parts += _files(_solution_files(kata))
    else:
        chosen = styles[style or ""]
        folder = chosen.path if chosen.path.is_dir() else chosen.path.parent
        names = {name: chosen.path.name if chosen.path.is_file() else name for name in chosen.files}
        parts += _files({from_here(folder / names[name]): text for name, text in _ordered(chosen.files).items()})
    show(out, Group(*parts))
    others = [one for one in (_SOLUTION, *styles) if one != (style or _SOLUTION)]
    out.print()
    for one in others[:1]:
        out.print(f"Another style: mqkata solution {kata.id} --style {one}", soft_wrap=True)
    out.print(f"Beside your answer: mqkata diff {kata.id}", soft_wrap=True)


def _list(kata: Kata, styles: list[Alternative], width: int) -> Iterator[RenderableType]:
    """Each answer with what it shows."""
    yield Text(f"{1 + len(styles)} right answers:")
    indent = max(len(one) for one in (_SOLUTION, *(one.name for one in styles))) + 4
    about = {_SOLUTION: "The reference answer, in full below.", **{one.name: one.about for one in styles}}
    for name, text in about.items():
        said = Text("\n").join(Text(" ".join(piece.split())) for piece in text.split("\n\n"))
        first, *rest = said.wrap(console(), width - indent)
        for line in (first, *rest):
            line.rstrip()
        yield Text.assemble("  ", (name.ljust(indent - 2), "bold"), first)
        yield from (Padding(line, (0, 0, 0, indent), expand=False) for line in rest)


def _solution_files(kata: Kata) -> dict[str, str]:
    files = {
        file.name: file.read_text(encoding="utf-8")
        for file in sorted(kata.solution_folder.iterdir())
        if file.name == kata.module or is_config(file.name)
    }
    return {from_here(kata.solution_folder / name): text for name, text in _ordered(files).items()}


def _ordered(files: Mapping[str, str]) -> dict[str, str]:
    """The module first."""
    return dict(sorted(files.items(), key=lambda pair: (is_config(pair[0]), pair[0])))


def _files(files: Mapping[str, str]) -> Iterator[RenderableType]:
    for path, text in files.items():
        yield ""
        yield Text.assemble("── ", (path, "bold"), " ──")
        yield highlighted(text.rstrip("\n"), path)
