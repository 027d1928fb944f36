"""What the tap promises, and the tests that prove it, by their mark."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]

PROMISES = {
    "whole-files": "No record is emitted from a file that was not read to its end without an "
    "error.",
    "state-follows-records": "The bookmark moves when a window is committed, and STATE never "
    "overtakes its records, with RECORD and with BATCH messages.",
    "no-double-submit": "A submit is repeated only if it provably created no job, or if the API "
    "refused it for now.",
    "shared-limits": "Time between submits and quota are kept across streams, runs and processes.",
    "pending-jobs": "A pending job is resumed, and only for the same request and tenant.",
    "own-state": "The state of another tenant or login is refused before any request.",
    "own-hosts": "Tokens and keys are sent to their host only. A presigned link is fetched "
    "without credentials.",
    "no-secrets": "No message contains a key, a token, the query of a link, or the content of a "
    "row.",
    "constant-memory": "Memory does not grow with the size of a file.",
    "offline-discovery": "Discovery needs neither network nor credentials.",
    "documented": "Every message, setting and column is documented.",
    "isolated-failures": "An error of one stream does not affect the others.",
}
"""Each promise by the name in `@pytest.mark.promise`."""


@cache
def promised() -> list[tuple[str, str, str]]:
    """Return promise, file and test of every mark, in the order of the files."""
    found = []
    for file in sorted(TESTS.rglob("test_*.py")):
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                path = file.relative_to(TESTS.parent).as_posix()
                found += [(name, path, node.name) for name in _marks(node)]
    return found


def _marks(test: ast.FunctionDef) -> list[str]:
    """Return the promises of a test."""
    return [
        str(ast.literal_eval(call.args[0]))
        for call in test.decorator_list
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.promise"
    ]


def promises_table() -> str:
    """Return a section for each promise: its text, and its tests by file."""
    return "\n\n".join(_section(name, text) for name, text in PROMISES.items())


def _section(name: str, text: str) -> str:
    rows: dict[str, list[str]] = {}
    for promise, path, test in promised():
        if promise == name:
            rows.setdefault(path, []).append(f"`{test}`")
    lines = [f"| `{path}` | {', '.join(tests)} |" for path, tests in rows.items()]
    return "\n".join([f"## `{name}`", "", text, "", "| file | tests |", "|---|---|", *lines])
