"""Rules that the tests keep so that each is easy to find: sizes, names and IDs."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parents[1]
PACKAGE = TESTS.parent / "tap_cxone"
MOST_LINES = 500
MOST_MODULE_LINES = 350
MOST_ENTRIES = 25
OPAQUE = (ast.Dict, ast.Set, ast.List, ast.Lambda, ast.Call)


@cache
def modules() -> dict[str, ast.Module]:
    """Return the parsed files of the tests by their path."""
    files = sorted(TESTS.rglob("*.py"))
    return {str(file.relative_to(TESTS)): ast.parse(file.read_text("utf-8")) for file in files}


def definitions() -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """Yield each function and class at the level of a module, with the path of the module."""
    for path, tree in modules().items():
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                yield path, node


def is_test(node: ast.AST) -> bool:
    """Return True if pytest collects the function."""
    return isinstance(node, ast.FunctionDef) and node.name.startswith("test_")


@cache
def conftest_names() -> dict[str, set[str]]:
    """Return the names that each folder's conftest defines."""
    return {
        str(Path(path).parent): {
            node.name for node in tree.body if isinstance(node, ast.FunctionDef)
        }
        for path, tree in modules().items()
        if Path(path).name == "conftest.py"
    }


def is_override(path: str, node: ast.FunctionDef | ast.ClassDef) -> bool:
    """Return True for what pytest finds by name: a hook, or a fixture over a conftest's one."""
    own = Path(path).name == "conftest.py"
    above = [str(folder) for folder in Path(path).parents][own:]
    fixture = any("fixture" in ast.unparse(found) for found in node.decorator_list)
    overrides = fixture and any(node.name in conftest_names().get(at, ()) for at in above)
    return overrides or node.name.startswith("pytest_")


def parametrized() -> Iterator[tuple[str, ast.Call]]:
    """Yield each call of `parametrize`, with the path and line of it."""
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "parametrize":
                yield f"{path}:{node.lineno}", node


def is_opaque(value: ast.expr, *, alone: bool) -> bool:
    """Return True if pytest can name a value only by its number."""
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "pytest.param":
        named = any(keyword.arg == "id" for keyword in value.keywords)
        return not named and any(is_opaque(one, alone=True) for one in value.args)
    if isinstance(value, ast.Tuple):
        return alone or any(is_opaque(one, alone=True) for one in value.elts)
    return isinstance(value, OPAQUE)


def test_files_have_at_most_500_lines():
    """No file of the tests has more than 500 lines."""
    lines = {path: len((TESTS / path).read_text("utf-8").splitlines()) for path in modules()}

    assert {path: number for path, number in lines.items() if number > MOST_LINES} == {}


def test_helper_names_are_unique():
    """No helper has the name of another one; a fixture may override one of a conftest above it."""
    names = Counter(
        node.name
        for path, node in definitions()
        if not is_test(node) and not is_override(path, node)
    )

    assert [name for name, number in names.items() if number > 1] == []


def test_test_names_are_unique():
    """No test has the name of another one."""
    names = Counter(node.name for _, node in definitions() if is_test(node))

    assert [name for name, number in names.items() if number > 1] == []


def test_cases_with_objects_have_ids():
    """A `parametrize` whose values are collections or objects gives `ids`."""
    without = [
        place
        for place, call in parametrized()
        if isinstance(values := call.args[1], (ast.List, ast.Tuple))
        and not any(keyword.arg == "ids" for keyword in call.keywords)
        and any(
            is_opaque(value, alone="," not in ast.unparse(call.args[0])) for value in values.elts
        )
    ]

    assert without == []


def test_package_has_at_most_25_entries():
    """The folder of the package is small enough to be read at a glance."""
    entries = [path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"]

    assert len(entries) <= MOST_ENTRIES


def test_modules_have_less_than_350_lines():
    """No module of the package is longer than 350 lines."""
    long = [
        module.name
        for module in PACKAGE.rglob("*.py")
        if len(module.read_text(encoding="utf-8").splitlines()) >= MOST_MODULE_LINES
    ]

    assert long == []


def test_test_names_begin_with_their_subject():
    """No test is called after an article."""
    articles = ("test_a_", "test_an_", "test_the_")
    names = [node.name for _, node in definitions() if is_test(node)]

    assert [name for name in names if name.startswith(articles)] == []
