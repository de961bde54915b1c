"""Draws the differences of two answers: side by side where there is room, else one below the other."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import zip_longest
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.style import Style
from rich.syntax import ANSISyntaxTheme, Syntax
from rich.text import Text

from pytest_mqkata.compare.comparison import (
    AHEAD,
    ONLY_LEFT,
    ONLY_RIGHT,
    SAME,
    UNWRITTEN,
    Comparison,
    Difference,
    Row,
    Side,
    likeness,
)
from pytest_mqkata.compare.parts import IMPORTS, STATEMENTS, Line, Part
from pytest_mqkata.katas.places import from_here

WIDE = 120
"""Columns from which two answers stand beside each other."""

_CONTEXT = 2  # lines that are the same, shown around those that differ
_CHANGED = "bold underline"
_MINUS, _PLUS = "- ", "+ "
_CONSOLE = Console()  # measures, writes nothing
_COLOURS = {_MINUS: "red", _PLUS: "green", "  ": "default"}


def _theme() -> ANSISyntaxTheme:
    """Colours that the terminal's own palette gives, so that they can be read on light and on dark ground."""
    from pygments.token import Comment, Keyword, Name, Number, String, Token  # type: ignore[import-untyped]

    return ANSISyntaxTheme(
        {
            Token: Style(),
            Comment: Style(dim=True, italic=True),
            Keyword: Style(color="magenta"),
            Name.Decorator: Style(color="magenta"),
            Name.Function: Style(color="blue", bold=True),
            Name.Class: Style(color="blue", bold=True),
            String: Style(color="cyan"),
            Number: Style(color="cyan"),
        }
    )


def highlighted(text: str, file: str) -> Text:
    """A file's text, or a piece of it, in colours."""
    found = Syntax("", _language(file), theme=_theme(), background_color="default").highlight(text)
    found.rstrip()
    return found


def _language(file: str) -> str:
    return {".py": "python", ".json": "json", ".toml": "toml", ".yaml": "yaml", ".yml": "yaml"}.get(
        Path(file).suffix, "ini"
    )


def draw(comparison: Comparison, console: Console, *, beside: bool, quiz: bool = False) -> RenderableType:
    """
    Args:
        console: what it is drawn for.
        beside: two columns.
        quiz: the right side is a wrong answer that lies nowhere: only what differs in it, and no places.
    """
    width = console.width
    drawn: list[RenderableType] = [
        Text(
            f"! {from_here(one.file)}:{one.line}: {one.what}. The files are compared as text until that is mended.",
            style="yellow",
        )
        for one in comparison.problems
    ]
    drawn.append(Text(f"{_MINUS}{_side(comparison.left)}", style="red"))
    drawn.append(Text(f"{_PLUS}{_side(comparison.right)}", style="green"))
    for one in comparison.differences:
        if one.state not in (SAME, UNWRITTEN, AHEAD):
            drawn += ["", *_heading(one, comparison, width if beside else min(width, WIDE), quiz)]
            if quiz and one.right and one.right.before:
                drawn.append(_before(one, one.right))
            else:
                drawn.append(_beside(one, width) if beside else Text("\n").join(_below(one)))
    if not quiz:
        drawn += _lists(comparison, width if console.is_terminal else None)
    return Group(*drawn)


def _side(side: Side) -> str:
    return f"{side.title}: {from_here(side.folder)}" if side.folder else side.title


def _before(one: Difference, part: Part) -> Text:
    """A part that goes on from what had its name before: nothing of that is gone, so nothing is crossed out."""
    said = f"  `{part.before}` here is the solution's own `{one.name.rpartition('.')[2]}`"
    return Text("\n").join([Text(said, style="dim"), *_below(replace(one, left=None))])


def _heading(one: Difference, comparison: Comparison, width: int, quiz: bool) -> Iterator[RenderableType]:
    said = f" · step {one.step}" if one.step and not quiz else ""
    if one.state in (ONLY_LEFT, ONLY_RIGHT):
        side = comparison.left if one.state == ONLY_LEFT else comparison.right
        said += f" · only in {side.title}"
    text = Text.assemble("── ", (one.name, "bold"), said, " ")
    text.append("─" * max(0, width - text.cell_len), style="dim")
    yield text
    if not quiz:
        for sign, side, part in ((_MINUS, comparison.left, one.left), (_PLUS, comparison.right, one.right)):
            if part and side.folder:
                yield Text(f"{sign}{from_here(side.folder / one.file)}:{part.number}", style=f"dim {_COLOURS[sign]}")


# one below the other


def _below(one: Difference) -> Iterator[Text]:
    """The lines of a part, each with its sign."""
    for rows in _shown(one.rows):
        if isinstance(rows, int):
            yield _left_out(rows)
        elif rows[0].same:
            for row in rows:
                yield from _signed(row.left, "  ", one.file)
        else:
            for row in rows:
                yield from _signed(row.left, _MINUS, one.file, other=row.right)
            for row in rows:
                yield from _signed(row.right, _PLUS, one.file, other=row.left)


def _signed(line: Line | None, sign: str, file: str, *, other: Line | None = None) -> Iterator[Text]:
    if line is not None:
        for text in _texts(line, file, other):
            yield Text.assemble((sign, f"bold {_COLOURS[sign]}"), text)


def _left_out(count: int) -> Text:
    return Text(f"  ⋯ {count} {'line' if count == 1 else 'lines'} that are the same", style="dim")


def _shown(rows: Sequence[Row]) -> Iterator[list[Row] | int]:
    """Runs of rows that are the same and of rows that differ, in turn; a number for those that need not be shown."""
    changed = [index for index, row in enumerate(rows) if not row.same]
    near = {index for at in changed for index in range(at - _CONTEXT, at + _CONTEXT + 1)} | {0}
    run: list[Row] = []
    hidden: list[Row] = []
    for index, row in enumerate(rows):
        if index in near:
            if len(hidden) == 1:
                run += hidden
            elif hidden:
                if run:
                    yield run
                run = []
                yield len(hidden)
            hidden = []
            if run and run[-1].same != row.same:
                yield run
                run = []
            run.append(row)
        else:
            hidden.append(row)
    if run:
        yield run
    if hidden:
        yield len(hidden)


def _texts(line: Line, file: str, other: Line | None) -> list[Text]:
    """The lines of a logical line; what differs from its like on the other side stands out."""
    text = highlighted(line.text, file)
    if other is not None and line.key != other.key and likeness(line, other):
        for start, end in _changed(line.text, other.text):
            text.stylize(_CHANGED, start, end)
    return list(text.split("\n", allow_blank=True))


def _changed(text: str, other: str) -> Iterator[tuple[int, int]]:
    """Where words of a text stand that the other has not."""
    mine, theirs = (re.findall(r"\w+|\s+|[^\w\s]", one) for one in (text, other))
    place = 0
    starts = [place := place + len(word) for word in ["", *mine]]
    for kind, i, j, _, _ in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        if kind in ("replace", "delete"):
            yield starts[i], starts[j]


# side by side


def _beside(one: Difference, width: int) -> RenderableType:
    each = (width - 7) // 2
    lines: list[Text] = []
    for rows in _shown(one.rows):
        if isinstance(rows, int):
            lines.append(_left_out(rows))
            continue
        for row in rows:
            left = _column(row.left, _MINUS if not row.same else "  ", one.file, each, row.right)
            right = _column(row.right, _PLUS if not row.same else "  ", one.file, each, row.left)
            for mine, theirs in zip_longest(left, right):
                mine = mine or Text()
                mine.pad_right(each + 2 - mine.cell_len)
                lines.append(Text.assemble(mine, (" │ ", "dim"), theirs or ""))
    return Text("\n").join(lines)


def _column(line: Line | None, sign: str, file: str, width: int, other: Line | None) -> list[Text]:
    """A logical line cut to a column's width, with its sign; what does not fit goes on below, further in."""
    found: list[Text] = []
    for text in _texts(line, file, other) if line else []:
        margin = len(text.plain) - len(text.plain.lstrip()) + 4
        inner = max(width - margin, width // 2)
        first, *_ = text.wrap(_CONSOLE, width, overflow="fold", no_wrap=False) or [Text()]
        found.append(first)
        rest = text[len(first.plain) :]
        for piece in rest.wrap(_CONSOLE, inner, overflow="fold") if rest.plain.strip() else []:
            found.append(Text.assemble(" " * (width - inner), piece))
    for piece in found:
        piece.rstrip()
    return [Text.assemble((sign, f"bold {_COLOURS[sign]}"), piece) for piece in found]


# what need not be drawn


def _lists(comparison: Comparison, width: int | None) -> Iterator[RenderableType]:
    unwritten = [one for one in comparison.differences if one.state == UNWRITTEN]
    for side, parts in (
        (comparison.left, [(one, one.left) for one in unwritten]),
        (comparison.right, [(one, one.right) for one in unwritten]),
    ):
        missing = [(one, part) for one, part in parts if part and part.unwritten]
        if missing:
            yield ""
            yield Text(f"not written yet in {side.title}:", style="bold")
            for one, part in missing:
                yield Text(f"  {one.name}{_place(one, part, side)}")
    if same := _names(comparison):
        yield ""
        said = f"same: {', '.join(same)}"
        yield Text("\n".join(textwrap.wrap(said, width, subsequent_indent="      ")) if width else said)
    for side, names in zip((comparison.left, comparison.right), comparison.single, strict=True):
        if names:
            yield Text(f"files only in {side.title}: {', '.join(names)}")


def _names(comparison: Comparison) -> list[str]:
    """What is the same: a class by its name alone if it is so as a whole, else those of its methods that are."""
    whole: dict[str, bool] = {}
    for one in comparison.differences:
        owner = one.name.partition(".")[0]
        whole[owner] = whole.get(owner, True) and one.state == SAME
    found: list[str] = []
    for one in comparison.of_state(SAME):
        owner, _, method = one.name.partition(".")
        named = one.name
        if one.file.endswith(".py"):
            named = owner if whole[owner] else one.name if method else ""
        if named and named not in (*found, IMPORTS, STATEMENTS):
            found.append(named)
    return found


def _place(one: Difference, part: Part, side: Side) -> str:
    return f"  {from_here(side.folder / one.file)}:{part.number}" if side.folder else ""


def is_beside(console: Console, *, side_by_side: bool | None) -> bool:
    """Whether to draw two columns: as asked, else where a terminal is wide enough."""
    return (console.is_terminal and console.width >= WIDE) if side_by_side is None else side_by_side
