"""Filter of the page by stream, in style rules only: the page runs no script.

A part of the page that is about streams has their keys in the attribute `data-streams`. The list
`#filter` has a key as the value of each option.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# A list without a part of the chosen stream shows its note (`.none`) only.
_RULES = """
body:has(#filter [value=KEY]:checked) {
  [data-streams]:not([data-streams~=KEY]),
  .list:not(:has([data-streams~=KEY])) > * { display: none; }
  .list:not(:has([data-streams~=KEY])) > .none { display: block; }
}
"""


def stream_keys(names: Iterable[str]) -> Mapping[str, str]:
    """Return the key of each stream: a number behind a letter, which is safe in a style rule."""
    return {name: f"s{number}" for number, name in enumerate(names, start=1)}


def key_in(name: str | None, keys: Mapping[str, str]) -> str:
    """Return the key of a stream; empty if it has none."""
    return keys.get(name or "", "")


def filter_rules(keys: Iterable[str]) -> str:
    """Return the style rules that hide what is not about the chosen stream."""
    return "".join(_RULES.replace("KEY", key) for key in keys)
