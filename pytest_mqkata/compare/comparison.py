"""Compares two answers to one kata, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path

from pytest_mqkata.compare.parts import IMPORTS, STATEMENTS, Line, Part, config_parts, module_parts, plain_lines
from pytest_mqkata.katas.answer import is_config, read_files
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.katas.outline import step_names

SAME, DIFFERS, UNWRITTEN, ONLY_LEFT, ONLY_RIGHT = "same", "differs", "unwritten", "only left", "only right"
"""What may be said of a part: UNWRITTEN if at least one side is still the stub."""

AHEAD = "ahead"
"""Only one side has it, and uses it only in what the other side has not written yet."""

_ALIKE = 0.5  # from this ratio on two lines are one line that was changed
_MOST_PAIRS = 2500  # of lines that are looked at one by one; beyond that they are paired as they stand


@dataclass(frozen=True)
class Side:
    """One of the two answers.

    Attributes:
        title: "yours", "the solution".
        files: by name.
        folder: where it lies; None if it lies nowhere.
    """

    title: str
    files: Mapping[str, str]
    folder: Path | None = None

    @classmethod
    def of_folder(cls, title: str, folder: Path) -> Side:
        files = {name: _text(content) for name, content in read_files(folder).items()}
        return cls(title, files, folder)


@dataclass(frozen=True)
class Row:
    """A line of the one beside the line of the other that corresponds to it; None where there is none."""

    left: Line | None
    right: Line | None

    @property
    def same(self) -> bool:
        return bool(self.left and self.right and self.left.key == self.right.key)


@dataclass(frozen=True)
class Difference:
    """What two answers make of one part.

    Attributes:
        name: the part's, or the file's where a file could not be read.
        file: the name of the file that it is in.
        state: SAME and the others above.
        step: the first step that exercises it; None for helpers.
    """

    name: str
    file: str
    state: str
    left: Part | None
    right: Part | None
    step: int | None = None

    @property
    def rows(self) -> list[Row]:
        """Both sides' lines, in order."""
        return list(_rows(self.left.lines if self.left else (), self.right.lines if self.right else ()))


@dataclass(frozen=True)
class Problem:
    """Why a module cannot be taken apart: "SyntaxError: invalid syntax", and where."""

    file: Path
    line: int
    what: str


@dataclass(frozen=True)
class Comparison:
    """All parts of two answers, in the order in which steps first exercise them; helpers stand at the end.

    Attributes:
        problems: what could not be read; such files are compared as text.
        single: names of files that only the left and only the right side has.
    """

    kata: Kata
    left: Side
    right: Side
    differences: list[Difference]
    problems: list[Problem]
    single: tuple[list[str], list[str]]

    def of_state(self, *states: str) -> list[Difference]:
        return [one for one in self.differences if one.state in states]


def compare(kata: Kata, left: Side, right: Side, *, step: int | None = None, hints: bool = True) -> Comparison:
    """
    Args:
        step: only what this step exercises, and the helpers that it uses.
        hints: whether type hints of functions make a difference.
    """
    all_steps = step_names(kata)
    steps = {number: names for number, names in all_steps.items() if step in (None, number)}
    exercised = set().union(*all_steps.values())
    problems: list[Problem] = []
    found: list[Difference] = []
    for file in _files(kata, left, right):
        found += _ahead(list(_in_file(file, left, right, hints, problems)))
    wanted = _with_helpers(found, set().union(*steps.values()), exercised) if step is not None else None
    first = {name: number for number, names in reversed(steps.items()) for name in names}
    placed: list[tuple[tuple[int, int], Difference]] = []
    for index, one in enumerate(found):
        owner = _owner(one)
        if wanted is None or owner in wanted:
            number = first.get(owner)
            order = 10_000 if number is None else number
            if one.name in (IMPORTS, STATEMENTS):
                order += 1
            placed.append(((order, index), replace(one, step=number)))
    placed.sort(key=lambda pair: pair[0])
    single = tuple(sorted(set(one.files) - set(other.files)) for one, other in ((left, right), (right, left)))
    return Comparison(kata, left, right, [one for _, one in placed], problems, (single[0], single[1]))


def _text(content: bytes) -> str:
    return content.decode("utf-8-sig", "replace").replace("\r\n", "\n")


def _files(kata: Kata, left: Side, right: Side) -> list[str]:
    """The files that are compared: the module, and what else both sides have."""
    others = (left.files.keys() & right.files.keys()) - {kata.module}
    return [kata.module, *sorted(name for name in others if name.endswith(".py") or is_config(name))]


def _in_file(file: str, left: Side, right: Side, hints: bool, problems: list[Problem]) -> Iterator[Difference]:
    sides = []
    for side in (left, right):
        text = side.files.get(file, "")
        try:
            sides.append(config_parts(file, text) if is_config(file) else module_parts(text, hints=hints))
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            what = getattr(error, "msg", None) or str(error)
            problems.append(Problem((side.folder or Path()) / file, line, f"{type(error).__name__}: {what}"))
    if len(sides) < 2:
        texts = [Part(file, text, plain_lines(text)) for text in (left.files.get(file, ""), right.files.get(file, ""))]
        yield Difference(file, file, SAME if texts[0].key == texts[1].key else DIFFERS, texts[0], texts[1])
        return
    for name in _names(*sides):
        one, other = sides[0].get(name), sides[1].get(name)
        yield Difference(name, file, _state(one, other), one, other)


def _ahead(found: Sequence[Difference]) -> list[Difference]:
    """Marks the helpers of what one side has not written yet."""
    both = {one.name for one in found if one.left and one.right}
    some_unwritten = any(one.state == UNWRITTEN for one in found)
    used = {
        side: _reached([part for one in found if one.state != UNWRITTEN and (part := getattr(one, side))], both)
        for side in ("left", "right")
    }
    marked = []
    for one in found:
        side = "left" if one.state == ONLY_LEFT else "right"
        only = one.state in (ONLY_LEFT, ONLY_RIGHT) and _handle(one.name, both) not in used[side]
        is_ahead = some_unwritten and (one.name == IMPORTS or only)
        marked.append(replace(one, state=AHEAD) if is_ahead else one)
    return marked


def _reached(parts: Sequence[Part], both: set[str]) -> set[str]:
    """What those of the parts that both sides have mention, and what that mentions."""
    found: set[str] = set()
    new = {name for part in parts if part.name in both for name in part.uses}
    while new:
        found |= new
        new = {name for part in parts if _handle(part.name, both) in new for name in part.uses} - found
    return found


def _handle(name: str, both: set[str]) -> str:
    """What code calls a part by that only one side has: a method's own name, or the class that is new as a whole."""
    owner, _, method = name.partition(".")
    return method if method and owner in both else owner


def _names(left: Mapping[str, Part], right: Mapping[str, Part]) -> list[str]:
    """The names of both, in the order of the right side; what only the left has stands behind what it follows there."""
    names = list(right)
    before = ""
    for name in left:
        if name not in right:
            owner = left[name].owner
            family = [index for index, one in enumerate(names) if one.partition(".")[0] == owner]
            after = names.index(before) if before in names else -1
            names.insert((max(family) if family and "." in name else after) + 1, name)
        before = name
    return names


def _state(left: Part | None, right: Part | None) -> str:
    if (left and left.unwritten) or (right and right.unwritten):
        return UNWRITTEN
    if left is None:
        return ONLY_RIGHT
    if right is None:
        return ONLY_LEFT
    return SAME if left.key == right.key else DIFFERS


def _owner(one: Difference) -> str:
    part = one.left or one.right
    return part.owner if part and not is_config(one.name) else one.name


def _with_helpers(found: Sequence[Difference], names: set[str], exercised: set[str]) -> set[str]:
    """`names`, and the helpers that these use, and theirs: what no step exercises by itself."""
    helpers = {_owner(one) for one in found} - exercised
    wanted: set[str] = set()
    new = set(names)
    while new:
        wanted |= new
        used: set[str] = set()
        for one in found:
            if _owner(one) in new:
                used |= {name for part in (one.left, one.right) if part for name in part.uses}
        new = (used & helpers) - wanted
    return wanted


def _rows(left: Sequence[Line], right: Sequence[Line]) -> Iterator[Row]:
    matcher = SequenceMatcher(None, [line.key for line in left], [line.key for line in right], autojunk=False)
    for kind, i, j, m, n in matcher.get_opcodes():
        if kind == "equal":
            for one, other in zip(left[i:j], right[m:n], strict=True):
                yield Row(one, other)
        else:
            yield from _paired(left[i:j], right[m:n])


def _paired(left: Sequence[Line], right: Sequence[Line]) -> Iterator[Row]:
    """Lines that differ, those beside each other that are alike."""
    partner = dict(_pairs(left, right))
    done = 0
    for index, line in enumerate(left):
        if index in partner:
            for other in right[done : partner[index]]:
                yield Row(None, other)
            done = partner[index] + 1
            yield Row(line, right[partner[index]])
        else:
            yield Row(line, None)
    for other in right[done:]:
        yield Row(None, other)


def _pairs(left: Sequence[Line], right: Sequence[Line]) -> list[tuple[int, int]]:
    """Which lines of the two are alike: the pairs, in order, with the greatest likeness in all."""
    if len(left) == len(right) == 1:
        return [(0, 0)]  # whatever they say, the one stands for the other
    if len(left) * len(right) > _MOST_PAIRS:
        return []
    best = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    like: dict[tuple[int, int], float] = {}
    for i in reversed(range(len(left))):
        for j in reversed(range(len(right))):
            like[i, j] = likeness(left[i], right[j])
            taken = like[i, j] + best[i + 1][j + 1] if like[i, j] else 0.0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], taken)
    pairs = []
    i = j = 0
    while i < len(left) and j < len(right):
        if like[i, j] and best[i][j] == like[i, j] + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def likeness(one: Line, other: Line) -> float:
    """From 0 to 1 (the same but for layout and comments); 0 for what has too little in common to be called alike."""
    matcher = SequenceMatcher(None, one.words, other.words, autojunk=False)
    if matcher.real_quick_ratio() < _ALIKE or matcher.quick_ratio() < _ALIKE:
        return 0.0
    ratio = matcher.ratio()
    return ratio if ratio >= _ALIKE else 0.0
