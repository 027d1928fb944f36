"""What the API says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from tap_cxone.simulator.values import instant

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from tap_cxone.simulator.analytics_exports.exports import Export, Word
    from tap_cxone.simulator.options import Options, StatusCase


def accepted(export: Export, options: Options) -> Response:
    """Return what a submit is answered with; it knows no more than that it came in."""
    return JSONResponse({"id": export.id, "status": _spelled("queued", options.status_case)}, 202)


def export_status(export: Export, now: datetime, options: Options) -> dict[str, str]:
    """Return what a poll is answered with."""
    answer = _brief(export, now, options)
    return answer | ({"errorMessage": export.why(now)} if export.word(now) == "failed" else {})


def listed(
    exports: Iterable[Export], words: Collection[str], now: datetime, options: Options
) -> dict[str, Any]:
    """Return a list of those exports for which one of these words stands."""
    found = [export for export in exports if export.word(now) in words]
    return {"entities": [_entity(export, now, options) for export in found]}


def _entity(export: Export, now: datetime, options: Options) -> dict[str, Any]:
    """Return what a list tells of an export."""
    brief = _brief(export, now, options)
    if not options.list_queries:
        return brief
    return {**brief, **export.order.shown(), "createdDate": instant(export.submitted_at)}


def _brief(export: Export, now: datetime, options: Options) -> dict[str, str]:
    """Return an export's name and where it stands."""
    return {"id": export.id, "status": _spelled(export.word(now), options.status_case)}


def _spelled(word: Word, case: StatusCase | None) -> str:
    """Return a word as this tenant spells it."""
    match case:
        case "lower" | None:
            return word
        case "upper":
            return word.upper()
        case "title":
            return word.title()
