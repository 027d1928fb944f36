"""Notice settings that change what the rows of a stream mean."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from tap_cxone.clock import iso

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from tap_cxone.events.audit_log import AuditContext
    from tap_cxone.streams.state import StreamState

_DIGEST_LENGTH = 12


def digests(parts: Mapping[str, Any]) -> dict[str, str]:
    """Return a short digest of each setting that is set; the order of a list has no meaning."""
    return {name: _digest(value) for name, value in parts.items() if value}


def changed_settings(previous: Mapping[str, str], current: Mapping[str, str]) -> list[str]:
    """Return the settings whose digests differ."""
    names = sorted(previous.keys() | current.keys())
    return [name for name in names if previous.get(name) != current.get(name)]


def report_changed_meaning(
    state: StreamState,
    current: Mapping[str, str],
    audit_context: AuditContext,
    log: logging.Logger,
) -> None:
    """Report settings that changed after the bookmark and give later rows another meaning.

    Args:
        state: State of the stream, with the digests of the committed rows.
        current: Digests of the present settings.
        audit_context: Fields of the stream's audit events.
        log: Logger of the stream.
    """
    previous, bookmark = state.row_meaning(), state.bookmark()
    if not previous or bookmark is None:
        return
    if changed := changed_settings(previous, current):
        audit_context.write("row_meaning_changed", settings=changed)
        text = (
            "%s: %s changed after the bookmark %s, so the rows of one table have two meanings. "
            "Remove the stream from the state and set start_date to the day to reload from, or "
            "give the stream another name"
        )
        log.warning(text, state.stream, ", ".join(changed), iso(bookmark))


def _digest(value: Any) -> str:
    payload = json.dumps(_without_order(value), sort_keys=True)
    return hashlib.sha256(payload.encode()).hexdigest()[:_DIGEST_LENGTH]


def _without_order(value: Any) -> Any:
    """Return a value with each list in it sorted, also those of a filter."""
    if isinstance(value, dict):
        return {key: _without_order(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        items = map(_without_order, value)
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
    return value
