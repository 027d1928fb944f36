"""docs/messages.md has every message, and none that the tap does not log."""

from __future__ import annotations

import re

import pytest

from tests.docs.document import ROOT
from tests.docs.messages import ERRORS, raised, remedies, texts, warning_texts

ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in (ROOT / "docs/messages.md").read_text().splitlines()
    if line.startswith(("| `", "| ("))
]
MESSAGES = [message for row in ROWS for message in re.findall(r"`([^`]+)`", row[0])]
BASES = {"CXoneError", "JobError"}  # never raised themselves


def pattern(message: str) -> re.Pattern[str]:
    """Return what finds a message; a `…` is anything."""
    return re.compile(".*".join(map(re.escape, message.strip("… ").split("…"))), re.DOTALL)


KNOWN = [pattern(message) for message in MESSAGES]


def missing(said: set[str]) -> list[str]:
    return sorted(text for text in said if not any(known.search(text) for known in KNOWN))


@pytest.mark.promise("documented")
def test_every_error_is_explained():
    """The table names each class of errors.py, and no other."""
    named = {name for row in ROWS for name in re.findall(r"`(\w+)`", row[1])}

    assert named == ERRORS - BASES


@pytest.mark.promise("documented")
@pytest.mark.parametrize(
    "said", [warning_texts, raised, remedies], ids=["warned", "raised", "advised"]
)
def test_every_message_is_explained(said):
    """What the code warns of, raises or advises has a row."""
    found = set(said())

    assert len(found) > 10
    assert missing(found) == []


@pytest.mark.promise("documented")
def test_no_message_is_invented():
    """Each message of the table is a text of the code."""
    said = zip(MESSAGES, KNOWN, strict=True)

    assert [message for message, known in said if not any(map(known.search, texts()))] == []


@pytest.mark.promise("documented")
def test_every_row_has_a_remedy():
    """Each row has a message, an error and a remedy."""
    assert len(ROWS) > 40
    assert all(len(row) == 3 and all(row) for row in ROWS)
