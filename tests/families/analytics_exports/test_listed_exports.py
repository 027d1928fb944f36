"""Analytics exports: our export in a list of any shape."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap_cxone.families.analytics_exports.listed_exports import may_be_export, shows_rows_of

QUERY = {
    "dateFrom": "2026-03-16T00:00:00.000Z",
    "dateTo": "2026-03-16T23:59:59.999Z",
    "filter": "type eq 'bot'",
}
BODY: dict[str, Any] = {
    "query": QUERY,
    "exportType": "conversation",
    "format": "csv",
    "compression": "gzip",
    "includeHeaders": True,
}
REST = {name: value for name, value in BODY.items() if name != "query"}
OURS: dict[str, dict[str, Any]] = {
    "as sent": BODY,
    "capitals": {**BODY, "format": "CSV", "exportType": "CONVERSATION"},
    "dates beside the query": {**REST, **QUERY, "query": {"filter": QUERY["filter"]}},
    "no query": {**REST, **QUERY},
    "query as text": {**REST, "query": json.dumps(QUERY)},
    "in the request": {"request": BODY},
    "snake_case": {
        "date_from": QUERY["dateFrom"],
        "date_to": QUERY["dateTo"],
        "export_type": "conversation",
        "filter": QUERY["filter"],
        "format": "csv",
        "include_headers": "true",
    },
    "whole seconds": {**BODY, "query": {**QUERY, "dateTo": "2026-03-16T23:59:59+00:00"}},
}
OTHERS: dict[str, dict[str, Any]] = {
    "another window": {**BODY, "query": {**QUERY, "dateTo": "2026-03-17T23:59:59.999Z"}},
    "another filter": {**REST, "query": json.dumps({**QUERY, "filter": "type eq 'agent'"})},
    "filter in capitals": {**BODY, "query": {**QUERY, "filter": "type eq 'Bot'"}},
    "another format": {**BODY, "format": "JSON"},
    "no window": REST,
    "text that is no query": {**REST, "query": "{no JSON"},
}


@pytest.mark.parametrize("listed", OURS.values(), ids=list(OURS))
def test_export_of_the_request_is_recognised_in_any_shape(listed):
    """Case, spelling of keys and the place of the fields may differ from the request."""
    assert may_be_export(listed, BODY)
    assert shows_rows_of(listed, BODY)


@pytest.mark.parametrize("listed", OTHERS.values(), ids=list(OTHERS))
def test_export_of_another_request_is_not_taken_for_it(listed):
    """A window is demanded, and no field that is shown may differ."""
    assert not may_be_export(listed, BODY)
