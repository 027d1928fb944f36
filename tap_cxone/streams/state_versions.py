"""Layouts of the tap's keys in the state of a stream, and the steps from one to the next.

Layout 0 has no `version` and calls the tenant info `traits`. In layout 1, `columns` is a list of
`{"name", "description"}`: columns of files, without their titles. In layout 2 no state is packed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_cxone.errors import StateError
from tap_cxone.rows.titles import MAX_NAME_BYTES, fold, normalise

if TYPE_CHECKING:
    from collections.abc import Iterable

STATE_VERSION = 3
"""Layout of the keys that this tap writes; a later layout is refused, an earlier one upgraded."""

_TITLE = r"(?s)'(.*)', found in the data\."


def upgrade(stream: str, raw: dict[str, Any]) -> dict[str, Any]:
    """Return the state of one stream in the present layout; the SDK's keys stay as they are.

    Raises:
        StateError: The layout is unknown, or a value is not readable.
    """
    version = raw.get("version", 0)
    if type(version) is not int or version not in range(STATE_VERSION + 1):
        msg = (
            f"The state of stream '{stream}' has layout version {version!r}; this tap-cxone reads "
            f"versions up to {STATE_VERSION}. Install the version that wrote it or a newer one, or "
            "restore an earlier state"
        )
        raise StateError(msg)
    upgraded = dict(raw)
    if version < 1 and "traits" in raw:
        upgraded["tenant_info"] = upgraded.pop("traits")
    if version < 2 and isinstance(raw.get("columns"), list):  # noqa: PLR2004 (the layout)
        upgraded |= _with_titles(stream, upgraded.pop("columns"))
    if upgraded != raw or "version" in raw:
        upgraded["version"] = STATE_VERSION
    return upgraded


def _with_titles(stream: str, columns: list[Any]) -> dict[str, Any]:
    """Return the columns of layout 1 by their titles, as far as these are certain.

    Layout 1 matched a column by the letters and digits of its name. A column is certain if no
    other title could match it. The others are retired: their values may mix two titles.
    """
    titles = _described_titles(stream, columns)
    folded_titles = [fold(title) for title in {title or "" for title in titles.values()}]
    certain: dict[str, list[str]] = {}
    for name, title in titles.items():
        is_likely = title is not None and fold(title) == fold(name)
        # Warehouses refuse a longer name, and truncate it.
        fits = len(name.encode()) <= MAX_NAME_BYTES
        if title and is_likely and fits and folded_titles.count(fold(name)) == 1:
            certain.setdefault(normalise(title), [name])
    retired = sorted(titles.keys() - {name for (name,) in certain.values()})
    keys = {"columns": certain, "retired_columns": retired}
    return {key: value for key, value in keys.items() if value}


def _described_titles(stream: str, columns: Iterable[Any]) -> dict[str, str | None]:
    """Return the title of each column, which its description contains; None if there is none."""
    titles: dict[str, str | None] = {}
    for column in columns:
        if not isinstance(column, dict) or not isinstance(column.get("name"), str):
            msg = (
                f"The state of stream '{stream}' is not readable ('columns' is no list of objects "
                "with a name). Restore an earlier state, or remove this stream from it to read "
                "from start_date again"
            )
            raise StateError(msg)
        match = re.fullmatch(_TITLE, str(column.get("description", "")))
        titles[column["name"]] = match[1] if match else None
    return titles
