"""Generated contacts of agents with their metrics; some become visible late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

from tap_cxone.simulator import fake_values as values
from tap_cxone.simulator.rows import RowGenerator, RowSource, midnight

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from random import Random

    from tap_cxone.simulator.rows import Row, RowFactory
    from tap_cxone.simulator.scheduled_reports.options import ScheduledReportsOptions

ReportType = Literal["agent", "queue", "skill", "ic", "voicemail"]

_CALLS = ("handleTime", "wrapUpTime", "callsHandled", "avgHandleTime", "talkTime")
METRICS: Final[Mapping[ReportType, tuple[str, ...]]] = {
    "agent": _CALLS,
    "queue": _CALLS,
    "skill": _CALLS,
    "ic": ("messageCount", "avgResponseTime"),
    "voicemail": ("voicemailCount", "avgDuration"),
}
DIMENSIONS: Final = (
    "agentId",
    "agentName",
    "queueId",
    "queueName",
    "skillId",
    "skillName",
    "status",
    "channel",
    "date",
)
FAR_FUTURE: Final = datetime.max.replace(tzinfo=UTC)

_LAST_HOURS = 20
_DAY = timedelta(days=1)
_AGENTS = {f"{137 * index + 12:06d}": person.name for index, person in enumerate(values.PEOPLE[:6])}
_QUEUES = {"q_0a17": "Billing, VIP", "q_0b42": "Technik", "q_0c99": "サポート"}
_SKILLS = {"0007": "English", "0042": "Čeština"}
_STATUSES = ("available", "onbreak", "busy")
_CHANNELS = ("voice", "chat", "email")


class Contacts:
    """Generator of all contacts."""

    def __init__(self, options: ScheduledReportsOptions) -> None:
        """Create a generator."""
        self._rows = RowGenerator(options, _SOURCES, timedelta(0))
        self._final_hour = timedelta(hours=options.final_hour)

    def between(
        self, report_type: ReportType, start: datetime, end: datetime, seen_at: datetime
    ) -> Iterator[Row]:
        """Yield the contacts of `[start, end)` that are visible at `seen_at`."""
        for row in self._rows.rows(source_name(report_type), start, end, seen_at):
            if self._visible_from(datetime.fromisoformat(row["at"])) <= seen_at:
                yield row

    def _visible_from(self, instant: datetime) -> datetime:
        """Return when a contact becomes visible; the last ones of a day do so the next day."""
        if instant.hour < _LAST_HOURS:
            return instant
        return midnight(instant.date()) + _DAY + self._final_hour


def source_name(report_type: ReportType) -> str:
    """Return the name of the contacts of a report type in the options."""
    return f"report:{report_type}"


def _contact(rng: Random, started_at: datetime) -> Row:
    """Return the columns of a contact that all report types share."""
    agent_id, agent_name = rng.choice(list(_AGENTS.items()))
    queue_id, queue_name = rng.choice(list(_QUEUES.items()))
    skill_id, skill_name = rng.choice(list(_SKILLS.items()))
    return {
        "at": values.instant(started_at),
        "agentId": agent_id,
        "agentName": agent_name,
        "queueId": queue_id,
        "queueName": queue_name,
        "skillId": skill_id,
        "skillName": skill_name,
        "status": rng.choice(_STATUSES),
        "channel": rng.choice(_CHANNELS),
        "date": f"{started_at:%Y-%m-%d}",
    }


def _call(rng: Random, started_at: datetime) -> list[Row]:
    """Return the row of a call."""
    talk, wrap = _seconds(rng, 900), _seconds(rng, 120)
    metrics = {"handleTime": talk + wrap, "wrapUpTime": wrap, "talkTime": talk, "callsHandled": 1}
    return [_contact(rng, started_at) | metrics]


def _messages(rng: Random, started_at: datetime) -> list[Row]:
    """Return the row of some messages."""
    count = rng.randint(1, 12)
    waited = sum((_seconds(rng, 300) for _ in range(count)), Decimal(0))
    return [_contact(rng, started_at) | {"messageCount": count, "responseTime": waited}]


def _voicemail(rng: Random, started_at: datetime) -> list[Row]:
    """Return the row of a voicemail."""
    return [_contact(rng, started_at) | {"voicemailCount": 1, "voicemailTime": _seconds(rng, 240)}]


def _seconds(rng: Random, maximum: int) -> Decimal:
    """Return a duration of less than `maximum` seconds: 12.0, 3.10 or 7.125."""
    digits = rng.choice((1, 2, 3))
    return Decimal(rng.randrange(maximum * 10**digits)).scaleb(-digits)


_ROW_FACTORIES: Final[Mapping[ReportType, RowFactory]] = {
    "agent": _call,
    "queue": _call,
    "skill": _call,
    "ic": _messages,
    "voicemail": _voicemail,
}
_SOURCES: Final = {
    source_name(report_type): RowSource.from_factory(source_name(report_type), make_rows)
    for report_type, make_rows in _ROW_FACTORIES.items()
}
TYPE_OF_SOURCE: Final[Mapping[str, ReportType]] = {
    source_name(report_type): report_type for report_type in _ROW_FACTORIES
}
