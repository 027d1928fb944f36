"""Pages of a result and their tokens."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_cxone.simulator.validation import InvalidRequest, field_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_cxone.simulator.rows import Row
    from tap_cxone.simulator.scheduled_reports.options import ScheduledReportsOptions


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the rows of a result; `token` leads to the next page, None on the last."""

    rows: Sequence[Row]
    token: str | None


def page(
    run_id: str, rows: Sequence[Row], token: str | None, options: ScheduledReportsOptions
) -> Page:
    """Return the page of a run's rows for a token; the first page for None.

    Raises:
        InvalidRequest: The token is invalid.
    """
    size = options.page_size_reports
    last = max(1, -(-len(rows) // size))
    number = 1 if token is None else _number(token, run_id, last, size)
    repeats = options.token_quirk == "repeat"  # noqa: S105 - no password
    next_number = 2 if repeats else number + 1
    page_rows = rows[(number - 1) * size : number * size]
    return Page(page_rows, _token(run_id, next_number, size) if next_number <= last else None)


def _token(run_id: str, number: int, size: int) -> str:
    """Return the token of a page."""
    text = json.dumps({"page": number, "limit": size, "run": run_id})
    return b64encode(text.encode()).decode()


def _number(token: str, run_id: str, last: int, size: int) -> int:
    """Return the page number of a token."""
    try:
        number = json.loads(b64decode(token, validate=True))["page"]
    except (ValueError, KeyError, TypeError):
        number = None
    if number not in range(2, last + 1) or token != _token(run_id, number, size):
        raise InvalidRequest([field_error("pageToken", "leads to no page of this run")])
    return int(number)
