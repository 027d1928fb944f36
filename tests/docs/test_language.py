"""Rules of CONTRIBUTING.md on the language of docstrings and messages."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING

from tests.docs.document import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_WORDS = 25
UNNAMED = re.compile(
    r"\b(somebody|someone|nobody|anybody|everybody|whoever|tell whether|told|anew|"
    r"(its|their) turn|by turns|set aside|came so twice|rows leave)\b",
    re.IGNORECASE,
)
CODE = re.compile(r"`[^`]*`")
BREAK = re.compile(r"(?<=[.!?])\s+|\n\s*\n|\n\s*[-*|] |\n\s+\w+: ")


@cache
def code_texts() -> tuple[tuple[str, str], ...]:
    """Return each text of the tap and the simulator, with its file and line."""
    return tuple(
        (f"{path.relative_to(ROOT)}:{node.lineno}", node.value)
        for path in sorted((ROOT / "tap_cxone").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
    )


def long_sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a text that have too many words; a code span is one word."""
    for sentence in BREAK.split(CODE.sub("code", text)):
        if len(sentence.split()) > MOST_WORDS:
            yield " ".join(sentence.split())


def test_code_text_names_no_person_without_a_name():
    """No docstring, message or description uses a stand-in for an actor or for a term."""
    assert [
        (where, word.group()) for where, text in code_texts() for word in UNNAMED.finditer(text)
    ] == []


def test_code_sentence_has_at_most_25_words():
    """No sentence of a docstring, message or description has more than 25 words."""
    assert [(where, line) for where, text in code_texts() for line in long_sentences(text)] == []
