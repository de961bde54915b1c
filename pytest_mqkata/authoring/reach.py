"""How far a wrong definition reaches: which names of an answer can behave differently because of it."""

from __future__ import annotations

import ast


def reach(solution: str, wrong: str) -> set[str] | None:
    """The top-level names of the solution that `wrong`, appended to it, can change.

    These are the names that it binds anew, and all whose definitions use one of those, directly or through others. A
    name counts as used wherever it is written, so the answer is rather too large than too small.

    Args:
        solution: the source of the solution.
        wrong: definitions that replace some of the solution's.

    Returns:
        None if `wrong` does more than bind names, so that nobody can tell.
    """
    changed: set[str] = set()
    for node in ast.parse(wrong).body:
        bound = _bound(node)
        if bound is None:
            return None
        changed |= bound
    uses = {
        name: {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)} - {name}
        for node in ast.parse(solution).body
        for name in _bound(node) or ()
    }
    while more := {name for name, used in uses.items() if name not in changed and used & changed}:
        changed |= more
    return changed


def _bound(node: ast.stmt) -> set[str] | None:
    """The names that a top-level statement binds; None if it does something else."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {node.name}
        case ast.Import() | ast.ImportFrom():
            return {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        case ast.Assign() | ast.AnnAssign():
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [inner for target in targets for inner in ast.walk(target)]
            if all(isinstance(inner, ast.Name | ast.Tuple | ast.List | ast.expr_context) for inner in names):
                return {inner.id for inner in names if isinstance(inner, ast.Name)}
            return None
        case ast.Expr(value=ast.Constant()) | ast.Pass():
            return set()
        case _:
            return None
