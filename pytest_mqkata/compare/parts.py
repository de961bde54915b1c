"""The parts of an answer: functions, methods, classes' fields, constants, configuration files; and their logical lines."""

from __future__ import annotations

import ast
import copy
import functools
import io
import re
import token
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from pytest_mqkata.katas.answer import COMMENT_STARTS, is_blank_config, is_stub
from pytest_mqkata.katas.outline import first_line

IMPORTS = "imports"
STATEMENTS = "other statements of the module"
"""Names of the parts that hold what has no name of its own."""

_LAYOUT = frozenset(
    (token.NL, token.NEWLINE, token.INDENT, token.DEDENT, token.COMMENT, token.ENDMARKER, token.ENCODING)
)
_NO_NAME = (IMPORTS, STATEMENTS)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Line:
    """A logical line: a simple statement or the head of a compound one, on as many lines as its author gave it.

    Attributes:
        key: equal for lines that mean the same.
        text: as it was written, comments included, without the indentation that the whole part has.
        number: where it begins in its file, from 1.
        words: without layout and comments, for finding its like.
    """

    key: str
    text: str
    number: int
    words: str


@dataclass(frozen=True)
class Part:
    """A part of an answer that is compared with its like.

    Attributes:
        name: "connect", "Listener", "Listener.stop", "_LIMIT", "node.conf", or one of the names above.
        key: equal for parts that mean the same.
        lines: without docstrings.
        number: the line at which it begins in its file.
        unwritten: it is still the stub.
        uses: the names that it mentions.
        before: how it calls what had its name before it was defined anew: `super()` or another name; "" if it does not.
    """

    name: str
    key: str
    lines: tuple[Line, ...]
    number: int = 1
    unwritten: bool = False
    uses: frozenset[str] = field(default_factory=frozenset)
    before: str = ""

    @property
    def owner(self) -> str:
        """The name of the function or class of the module that it belongs to."""
        return self.name if self.name in _NO_NAME else self.name.partition(".")[0]


@functools.lru_cache(maxsize=4)  # one answer is often compared with several
def module_parts(text: str, *, hints: bool = True) -> Mapping[str, Part]:
    """The parts of a module by name, in the order in which they stand there.

    What is defined twice counts as the last definition says. A class that is its own base, `class Feed(Feed)`, adds to
    what that class was before.

    Args:
        hints: whether type hints make a difference.

    Raises:
        SyntaxError: it is no Python; ValueError: nor even text.
    """
    return MappingProxyType(_Reader(text, hints).parts)


def config_parts(name: str, text: str) -> Mapping[str, Part]:
    """A configuration file as one part."""
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        said = line.strip()
        if said and not said.startswith(COMMENT_STARTS):
            lines.append(Line(re.sub(r"\s*([=:,{}\[\]])\s*", r"\1", " ".join(said.split())), line, number, said))
    key = "\n".join(line.key for line in lines)
    return {name: Part(name, key, tuple(lines), unwritten=is_blank_config(text))}


def plain_lines(text: str) -> tuple[Line, ...]:
    """The lines of a file that could not be read as what it should be."""
    return tuple(Line(line.rstrip(), line, number, line.strip()) for number, line in enumerate(text.splitlines(), 1))


class _Reader:
    """Takes one module apart."""

    def __init__(self, text: str, hints: bool) -> None:
        self.parts: dict[str, Part] = {}
        tree = ast.parse(text)
        self._lines = list(_logical_lines(text, _docstrings(tree), hints))
        _Bare(hints).visit(tree)
        self._aliases: dict[str, str] = {}  # what a function is also called
        for node in tree.body:
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self._function(node.name, node)
                case ast.ClassDef():
                    self._class(node)
                case ast.Import() | ast.ImportFrom():
                    self._import(node)
                case ast.Expr(value=ast.Constant(value=str())):
                    pass  # a docstring
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=value)
                ):
                    if isinstance(value, ast.Name):
                        self._aliases[value.id] = name
                    self._put(name, node)
                case _:
                    self._gather(STATEMENTS, node)

    def _put(self, name: str, *nodes: ast.stmt, of: ast.AST | None = None) -> Part:
        """A part of whole statements."""
        first, last = first_line(nodes[0]), nodes[-1].end_lineno or 0
        lines = [line for line in self._lines if first <= line.number <= last]
        part = Part(
            name,
            "\n".join(ast.dump(node) for node in nodes),
            _indented_less(lines),
            getattr(nodes[0], "lineno", first),
            uses=frozenset(_mentioned(nodes)),
        )
        self.parts[name] = part
        return part

    def _function(self, name: str, node: Function, *, is_overlay: bool = False) -> None:
        known = name in self.parts
        part = self._put(name, node)
        alias = self._aliases.get(name, "")
        if known and alias in part.uses:
            part = replace(part, before=alias)
            self.parts.pop(alias, None)
        elif known and is_overlay and "super" in part.uses:
            part = replace(part, before="super()")
        self.parts[name] = replace(part, unwritten=is_stub(node))

    def _class(self, node: ast.ClassDef) -> None:
        functions = [inner for inner in node.body if isinstance(inner, Function)]
        rest = [inner for inner in node.body if not isinstance(inner, Function) and not _is_text(inner)]
        overlay = node.name in self.parts and any(
            isinstance(base, ast.Name) and base.id == node.name for base in node.bases
        )
        if not overlay:
            for name in [name for name in self.parts if name.startswith(f"{node.name}.")]:
                del self.parts[name]
            self._head(node, rest)
        elif rest:
            head = self.parts[node.name]
            added = self._lines_of(rest)
            key = "\n".join([head.key, *(ast.dump(one) for one in rest)])
            self.parts[node.name] = replace(
                head, key=key, lines=head.lines + tuple(replace(one, text=f"    {one.text}") for one in added)
            )
        seen: set[str] = set()
        for function in functions:
            name = f"{node.name}.{function.name}"
            earlier = self.parts.get(name) if name in seen else None
            self._function(name, function, is_overlay=overlay)
            if earlier:  # a property's getter and setter are one thing
                part = self.parts[name]
                self.parts[name] = replace(
                    earlier,
                    key=f"{earlier.key}\n{part.key}",
                    lines=earlier.lines + part.lines,
                    uses=earlier.uses | part.uses,
                )
            seen.add(name)

    def _head(self, node: ast.ClassDef, rest: Sequence[ast.stmt]) -> None:
        """The class without its methods."""
        first = first_line(node)
        body = max(first_line(node.body[0]), node.lineno + 1)
        head = [line for line in self._lines if first <= line.number < body]
        lines = head + [line for line in self._own_lines(rest) if line not in head]
        bare = copy.copy(node)
        bare.body = list(rest) or [ast.Pass()]
        uses = frozenset(_mentioned([*node.bases, *node.decorator_list, *rest]))
        self.parts[node.name] = Part(node.name, ast.dump(bare), _indented_less(lines), node.lineno, uses=uses)

    def _own_lines(self, nodes: Iterable[ast.stmt]) -> list[Line]:
        spans = [(first_line(node), node.end_lineno or 0) for node in nodes]
        return [line for line in self._lines if any(first <= line.number <= last for first, last in spans)]

    def _lines_of(self, nodes: Iterable[ast.stmt]) -> tuple[Line, ...]:
        return _indented_less(self._own_lines(nodes))

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            return
        node.names.sort(key=lambda alias: alias.name)
        self._gather(IMPORTS, node)
        part = self.parts[IMPORTS]
        lines = tuple(sorted(part.lines, key=lambda line: line.key))
        self.parts[IMPORTS] = replace(part, lines=lines, key="\n".join(sorted(part.key.split("\n"))))

    def _gather(self, name: str, node: ast.stmt) -> None:
        earlier = self.parts.get(name)
        part = self._put(name, node)
        if earlier:
            key = f"{earlier.key}\n{part.key}"
            self.parts[name] = replace(
                earlier, key=key, lines=earlier.lines + part.lines, uses=earlier.uses | part.uses
            )


# lines


def _logical_lines(text: str, docstrings: set[int], hints: bool) -> Iterator[Line]:
    """The logical lines of a module, each with the comments that stand right above it."""
    source = text.split("\n")  # as the tokenizer counts them
    above: list[int] = []
    first: tokenize.TokenInfo | None = None
    depth = 0
    words: list[str] = []
    for one in tokenize.generate_tokens(io.StringIO(text).readline):
        if one.type not in _LAYOUT:
            words.append(one.string)
        if one.type == token.INDENT:
            depth += 1
        elif one.type == token.DEDENT:
            depth -= 1
        elif one.type == token.COMMENT and first is None:
            above.append(one.start[0])
        elif one.type == token.NL and not one.line.strip():
            above = []  # a comment for more than the next line
        elif one.type not in _LAYOUT and first is None:
            first = one
        elif one.type == token.NEWLINE and first is not None:
            start, end = first.start[0], one.end[0]
            if start not in docstrings:
                code = "\n".join([source[start - 1][first.start[1] :], *source[start:end]])
                shown = "\n".join(source[number - 1].expandtabs(4) for number in (*above, *range(start, end + 1)))
                yield Line(f"{depth} {_line_meaning(code, first.string, hints)}", shown, start, " ".join(words))
            above, first, words = [], None, []


@functools.lru_cache(maxsize=10_000)  # most lines are on both sides
def _line_meaning(code: str, first: str, hints: bool) -> str:
    """What a logical line says, whatever its form."""
    forms = {
        "elif": f"{code[2:]}\n    pass",
        "except": f"try:\n    pass\n{code}\n    pass",
        "case": f"match _:\n    {code}\n        pass",
        "match": f"{code}\n    case _:\n        pass",
        "@": f"{code}\ndef _(): pass",
    }
    for form in (code, forms.get(first, f"{code}\n    pass")):
        try:
            tree = ast.parse(form)
        except (SyntaxError, ValueError):
            continue
        return f"{first if first in forms else ''} {ast.dump(_Bare(hints).visit(tree))}"
    return " ".join(code.split())  # `else:` and its like


def _indented_less(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Lines of a method as if it stood by itself."""
    if not lines:
        return ()
    found = [line.text.split("\n") for line in lines]
    margin = min(len(text) - len(text.lstrip()) for (text, *_) in found)
    less = int(lines[0].key.partition(" ")[0])
    return tuple(
        replace(
            line,
            key=f"{int(line.key.partition(' ')[0]) - less} {line.key.partition(' ')[2]}",
            text="\n".join(one[margin:] if not one[:margin].strip() else one for one in texts),
        )
        for line, texts in zip(lines, found, strict=True)
    )


# syntax trees


class _Bare(ast.NodeTransformer):
    """Takes docstrings out, and type hints of functions where they do not count."""

    def __init__(self, hints: bool) -> None:
        self._hints = hints

    def visit(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node, Function | ast.ClassDef) and _is_text(node.body[0]):
            node.body = node.body[1:] or [ast.copy_location(ast.Pass(), node.body[0])]
        if not self._hints:
            if isinstance(node, Function):
                node.returns = None
            elif isinstance(node, ast.arg):
                node.annotation = None
        return node


def _docstrings(tree: ast.Module) -> set[int]:
    """The lines at which docstrings begin, and other texts that do nothing."""
    return {node.lineno for node in ast.walk(tree) if isinstance(node, ast.Expr) and _is_text(node)}


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _mentioned(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name):
                yield inner.id
            elif isinstance(inner, ast.Attribute):
                yield inner.attr
