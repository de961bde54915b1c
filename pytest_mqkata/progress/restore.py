"""Putting something else in the place of an answer, never without saving what was there."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from pytest_mqkata.errors import MqkataError
from pytest_mqkata.katas.answer import is_config, read_files
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.katas.outline import answer_files, first_line
from pytest_mqkata.progress.records import Record
from pytest_mqkata.progress.store import Store, write_whole
from pytest_mqkata.progress.stubs import stub


class CannotRestore(MqkataError):
    """The answer was left as it is; the text says why."""


def reset(kata: Kata, store: Store, function: str | None = None) -> Record | None:
    """Put the stub in the place of the answer.

    Args:
        function: only this one: "function", "Class", "Class.method", or the name of a configuration file.

    Returns:
        The record that holds what was there; None if it was the stub already.

    Raises:
        CannotRestore: the stub is not to be found, or has no such function.
        OSError: something cannot be written.
    """
    files = {}
    for name in answer_files(kata):
        found = stub(kata, name, store)
        if found is None:
            raise CannotRestore(
                f"The stub of {kata.id} is not to be found: neither in this repository's commits nor among your saved "
                f"answers. `git checkout <commit> -- katas/{kata.id}/{name}` brings it back from one that you know."
            )
        files[name] = found
    if function is not None:
        files = _only(kata, files, function)
    return _replace(kata, store, files, "before reset")


def check_out(kata: Kata, store: Store, number: int) -> Record | None:
    """Put the answer of an earlier run, or a saved one, in the place of the present one; returns as `reset` does.

    Raises:
        CannotRestore: there is no such record, or its answer is gone.
        OSError: something cannot be written.
    """
    return _replace(kata, store, contents(store, record_of(kata, store, number)), f"before checkout of {number}")


def undo(kata: Kata, store: Store) -> Record:
    """Bring back what the last reset, checkout or undo replaced; returns the record that holds what was there.

    Raises:
        CannotRestore: nothing was replaced yet, or what was there is gone.
        OSError: something cannot be written.
    """
    try:
        number = int(json.loads(_undo_file(store, kata).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise CannotRestore(
            f"Nothing was reset in {kata.id} yet. Earlier answers: mqkata history {kata.id}, mqkata checkout N"
        ) from None
    record = store.record(kata.id, number)
    if record is None:
        raise CannotRestore(f"What was saved before is gone. What there is: mqkata history {kata.id}")
    replaced = _replace(kata, store, contents(store, record), "before undo")
    return replaced or record


def record_of(kata: Kata, store: Store, number: int) -> Record:
    """
    Raises:
        CannotRestore: there is no record of that number.
    """
    record = store.record(kata.id, number)
    if record is None:
        raise CannotRestore(f"{kata.id} has no run {number}. `mqkata history {kata.id}` shows those that there are.")
    return record


def contents(store: Store, record: Record) -> dict[str, bytes]:
    """The files of a record's answer.

    Raises:
        CannotRestore: they are gone.
    """
    found = {}
    for name, digest in record.files.items():
        content = store.content(digest)
        if content is None:
            raise CannotRestore(f"{name} of run {record.number} was not kept, or its copy in .mqkata/ is damaged.")
        found[name] = content
    return found


def _replace(kata: Kata, store: Store, files: dict[str, bytes], note: str) -> Record | None:
    present = read_files(kata.folder)
    changed = {name: content for name, content in files.items() if present.get(name) != content}
    if not changed:
        return None
    saved = store.save(kata, note)
    file = _undo_file(store, kata)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, json.dumps(saved.number).encode())
    for name, content in changed.items():
        write_whole(kata.folder / name, content)
    return saved


def _undo_file(store: Store, kata: Kata) -> Path:
    return store.folder / "undo" / kata.id.replace("/", "-")


def _only(kata: Kata, stubs: dict[str, bytes], function: str) -> dict[str, bytes]:
    """Only one function, or one file, of the stubs; the rest as it is."""
    if is_config(function) and function in stubs:
        return {function: stubs[function]}
    source = stubs[kata.module].decode("utf-8")
    known = _definitions(source)
    if function not in known:
        raise CannotRestore(f"The stub of {kata.id} has no {function!r}. It has: {', '.join(known)}.")
    file = kata.folder / kata.module
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    try:
        own = _definitions(text)
    except SyntaxError as error:
        raise CannotRestore(
            f"{file}:{error.lineno}: {error.msg}. One function cannot be told from the others until that is mended; "
            "without --function the whole file is reset."
        ) from None
    lines, piece = text.splitlines(), source.splitlines()[slice(*known[function])]
    if function in own:
        lines[slice(*own[function])] = piece
    elif function.partition(".")[0] in own and "." in function:
        at = own[function.partition(".")[0]][1]
        lines[at:at] = ["", *piece]
    elif "." in function:
        return _only(kata, stubs, function.partition(".")[0])
    else:
        lines += ["", "", *piece]
    return {kata.module: ("\n".join(lines) + "\n").encode()}


def _definitions(source: str) -> dict[str, tuple[int, int]]:
    """Functions, classes and methods, by name: where their lines begin and end, for a slice."""
    found = {}

    def note(node: ast.stmt, prefix: str = "") -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[prefix + node.name] = (first_line(node) - 1, node.end_lineno or node.lineno)
            if isinstance(node, ast.ClassDef) and not prefix:
                for inner in node.body:
                    note(inner, f"{node.name}.")

    for node in ast.parse(source).body:
        note(node)
    return found
