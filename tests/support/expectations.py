"""What tests read from the end of a run: failures, warnings, records and audit events."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from tap_cxone.errors import StreamsFailed
from tap_cxone.events.audit_log import COMMON_FIELDS, EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pytest

    from tests.support.run import Output


def failure(out: Output, stream: str | None = None) -> Exception:
    """Return why a stream failed; without a name, why the only one did."""
    assert isinstance(out.error, StreamsFailed), out.error
    (only,) = [stream] if stream else out.error.failures
    return out.error.failures[only]


def warnings_logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings of the log."""
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


def without_metadata(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return records without the columns that the tap adds."""
    return [{k: v for k, v in record.items() if not k.startswith("_")} for record in records]


def audit_events(path: Path, event: str) -> list[dict[str, Any]]:
    """Return the lines of one event in an audit log, each with the fields of its event."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    found = [line for line in lines if line["event"] == event]
    assert all(list(line) == [*COMMON_FIELDS, *EVENTS[event][1]] for line in found)
    return found


def row_meaning_warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings about settings that changed the meaning of rows."""
    return [text for text in warnings_logged(caplog) if "have two meanings" in text]
