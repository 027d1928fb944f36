from __future__ import annotations

import inspect
import re
import signal
from datetime import timedelta

import pytest

from tap_cxone import errors

_DRAWN = re.compile(r"^(?P<indent>[│├└─ ]*)(?P<name>\w+)  +\S")
_CLASSES = {
    name: found
    for name, found in inspect.getmembers(errors, inspect.isclass)
    if found.__module__ == errors.__name__
}


def drawn():
    """Return each class of the docstring's drawing with the one it hangs from."""
    parents, branch = {}, {}
    for line in (errors.__doc__ or "").splitlines():
        if match := _DRAWN.match(line):
            depth = len(match["indent"]) // 4
            branch[depth] = match["name"]
            parents[match["name"]] = branch.get(depth - 1)
    return parents


def test_drawing_names_every_error():
    """The tree in the docstring shows exactly the errors of the module."""
    assert set(drawn()) == set(_CLASSES)


@pytest.mark.parametrize(
    ("name", "parent"), [(name, parent) for name, parent in drawn().items() if parent]
)
def test_drawing_is_the_tree(name, parent):
    """An error hangs from the one it is drawn under."""
    assert _CLASSES[name].__base__ is _CLASSES[parent]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.CXoneError("x"), 1),
        (errors.ConfigError(["x"]), 2),
        (errors.StateError("x"), 2),
        (errors.AuthError("x"), 1),
        (errors.Throttled("x"), 1),
        (errors.JobTimeout("x"), 1),
        (errors.LinkExpired("x"), 1),
        (errors.DecodeError("x"), 1),
        (errors.DriftError("x"), 1),
        (errors.StreamsFailed({"a": ValueError("x")}), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_exit_code(error, code):
    """Settings and state that cannot be used exit with 2, every other error with 1."""
    assert error.exit_code == code


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_interrupted_exits_as_a_shell_would(number, code):
    """An interruption exits with 128 plus the signal's number."""
    assert errors.Interrupted(number).code == code


def test_interrupted_is_no_exception():
    """Nothing that catches `Exception` swallows an interruption."""
    assert not issubclass(errors.Interrupted, Exception)


def test_config_error_keeps_problems_apart():
    """Every problem of the settings gets a line of its own."""
    error = errors.ConfigError(problem for problem in ("region is 'x'", "end before start"))

    assert error.problems == ("region is 'x'", "end before start")
    assert len(error.lines()) == 2
    assert "region is 'x'" in error.lines()[0]
    assert "end before start" in error.lines()[1]


def test_config_error_message_holds_every_problem():
    """Who prints the error only sees all problems too."""
    message = str(errors.ConfigError(["one", "two"]))

    assert "one" in message
    assert "two" in message


def test_streams_failed_has_a_line_a_stream():
    """One line names each failed stream and what happened to it."""
    error = errors.StreamsFailed({"a": errors.JobFailed("no data"), "b": ValueError("odd")})
    first, second = error.lines()

    assert "'a'" in first
    assert "no data" in first
    assert "'b'" in second
    assert "odd" in second


def test_error_of_one_line():
    """An ordinary error is printed as its message."""
    assert errors.DecodeError("the file ends early").lines() == ["the file ends early"]


def test_api_error_carries_status_and_wait():
    """An API error remembers the status and how long the API asks to wait."""
    error = errors.Throttled("slow down", status=429, retry_after=timedelta(seconds=3))

    assert (error.status, error.retry_after) == (429, timedelta(seconds=3))
    assert str(error) == "slow down"


def test_api_error_without_answer():
    """Without an answer there is neither status nor wait."""
    error = errors.Unavailable("no route")

    assert (error.status, error.retry_after) == (None, None)
