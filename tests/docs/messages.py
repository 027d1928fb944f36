"""The messages of the tap, read from its code, with `…` for values."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING

from tap_cxone import errors
from tests.docs.document import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOUD = {"warning", "error", "exception"}
_REMEDIES = ROOT / "tap_cxone/http/error_table.py"
ERRORS = {
    name
    for name, found in vars(errors).items()
    if isinstance(found, type) and found.__module__ == errors.__name__
}


@cache
def trees() -> tuple[ast.Module, ...]:
    """Return the tap's modules; the simulator speaks for itself."""
    paths = sorted((ROOT / "tap_cxone").rglob("*.py"))
    return tuple(ast.parse(p.read_text()) for p in paths if "simulator" not in p.parts)


def text_of(node: ast.AST) -> str | None:
    """Return a literal text, with `…` in place of every value; None if it is none."""
    match node:
        case ast.Constant(value=str(text)):
            return re.sub(r"%[sd]", "…", text)
        case ast.JoinedStr(values=parts):
            return "".join(str(p.value) if isinstance(p, ast.Constant) else "…" for p in parts)
        case _:
            return None


@cache
def texts() -> tuple[str, ...]:
    """Return every text in the code."""
    nodes = (node for tree in trees() for node in ast.walk(tree))
    return tuple(text for node in nodes if (text := text_of(node)))


def warning_texts() -> Iterator[str]:
    """Yield the text of each warning, and of each line that is logged as an error."""
    for tree in trees():
        named = {
            node.targets[0].id: text
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
            if (text := text_of(node.value))
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield from _said(node.func.attr, node, named)


def raised() -> Iterator[str]:
    """Yield the text of each message that an error of the tap carries."""
    functions = (n for t in trees() for n in ast.walk(t) if isinstance(n, ast.FunctionDef))
    for function in functions:
        nodes = list(ast.walk(function))
        calls = [n for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
        said = [call.args[0] for call in calls if call.args and _name(call) in ERRORS]
        if "ValueError" not in map(_name, calls):  # it is caught, and said otherwise
            said += [n.value for n in nodes if isinstance(n, ast.Assign) and _is_message(n)]
        # What is nothing but values was worded elsewhere.
        yield from (text for n in said if (text := text_of(n)) and re.search(r"\w{3}", text))


def remedies() -> Iterator[str]:
    """Yield the text of each remedy that an error is given beside its message."""
    for tree in trees():
        for node in ast.walk(tree):
            yield from filter(None, map(text_of, _advice(node)))
    # There every text is one.
    for node in ast.walk(ast.parse(_REMEDIES.read_text())):
        yield from filter(None, map(text_of, _given(node)))


def _advice(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what is a remedy by its name, or by that of the function that gives it."""
    match node:
        case ast.Call(func=ast.Name("with_permission_hint"), args=[said]):
            yield said
        case ast.Call(keywords=words):
            yield from (word.value for word in words if word.arg == "remedy")
        case ast.Assign(targets=[ast.Name("remedy")], value=said):
            yield said
        case ast.FunctionDef(name="remedy" | "credentials_hint" | "setup_hint"):
            for inner in ast.walk(node):
                yield from _given(inner)
        case _:
            pass


def _given(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Assign(value=said) | ast.Return(value=ast.AST() as said):
            yield said
        case ast.Dict(values=said):
            yield from said
        case _:
            pass


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _is_message(node: ast.Assign) -> bool:
    return isinstance(node.targets[0], ast.Name) and node.targets[0].id == "msg"


def _is_level(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "level"


def _said(how: str, call: ast.Call, named: dict[str, str]) -> Iterator[str]:
    ranked = how == "log" and bool(call.args) and _is_level(call.args[0])
    place = 1 if how == "log_once" or ranked else 0
    levelled = ranked or (how == "log" and any(word.arg == "level" for word in call.keywords))
    if (how in _LOUD or how == "log_once" or levelled) and len(call.args) > place:
        said = call.args[place]
        text = named.get(said.id) if isinstance(said, ast.Name) else text_of(said)
        if text:
            yield text
