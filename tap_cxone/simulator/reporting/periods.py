"""Lists of a date range: which rows they have, and which requests the API refuses."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from starlette.exceptions import HTTPException

from tap_cxone.simulator.reporting.aggregates import (
    PERFORMANCE_DURATIONS,
    SUMMARY_DURATIONS,
    agent_performance,
    service_levels,
    skill_summary,
    team_performance,
)
from tap_cxone.simulator.reporting.histories import (
    AGENT_STATES,
    LONGEST_CONTACT,
    adherence,
    contact_states,
    make_agent_state,
)
from tap_cxone.simulator.reporting.wfm import (
    AGENT_CHANGES,
    agent_skills,
    dialer_contacts,
    make_agent_change,
    skill_contacts,
)
from tap_cxone.simulator.rows import RowGenerator, RowSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.reporting.contacts import Contacts
    from tap_cxone.simulator.reporting.options import ReportingOptions
    from tap_cxone.simulator.rows import Row

    RowsBetween = Callable[[datetime, datetime], list[Row]]

_DAY = timedelta(days=1)
_MIN_AGE = timedelta(minutes=15)
_QUARTER = 15


class Period(NamedTuple):
    """One list of a date range.

    Attributes:
        data_key: Key of the list in a response.
        rows: Returns the rows of a date range.
        longest: Maximum length of a date range; None for no limit.
        old_data_key: Key of the list in the older generation, if it differs.
        old_names: Field names of the older generation, where they differ.
        durations: Fields whose values are durations.
        paged: Whether it accepts `top` and `skip`.
        by_quarter: Whether a date range must end on a quarter of an hour, 15 minutes ago.
        by_media_type: Whether a request must name a media type.
        waits: Whether it is refused while the figures of an interval are not ready.
    """

    data_key: str
    rows: RowsBetween
    longest: timedelta | None = None
    old_data_key: str = ""
    old_names: Mapping[str, str] = {}
    durations: frozenset[str] = frozenset()
    paged: bool = False
    by_quarter: bool = False
    by_media_type: bool = False
    waits: bool = False


class Periods:
    """The lists of date ranges of the tenant.

    Attributes:
        lists: Path below the version → list.
        refusals: Number of requests that broke a limit.
    """

    def __init__(self, options: ReportingOptions, clock: Clock, contacts: Contacts) -> None:
        """Create the lists; WFM intervals are not ready for the first requests of the options."""
        self._options, self._clock, self._contacts = options, clock, contacts
        sources = {
            AGENT_STATES: RowSource.from_factory(AGENT_STATES, make_agent_state),
            AGENT_CHANGES: RowSource.from_factory(AGENT_CHANGES, make_agent_change),
        }
        self._generator = RowGenerator(options, sources, timedelta(0))
        self._waits_left = options.pending_intervals
        self._lock = threading.Lock()
        self.refusals = 0
        self.lists: Final = self._lists()

    def _lists(self) -> dict[str, Period]:
        return {
            "agents/performance": Period(
                "agentPerformance",
                self._of_contacts(agent_performance),
                durations=PERFORMANCE_DURATIONS,
                by_quarter=True,
            ),
            "teams/performance-total": Period(
                "teamPerformanceTotal",
                self._of_contacts(team_performance),
                durations=PERFORMANCE_DURATIONS,
                by_quarter=True,
            ),
            "skills/summary": Period(
                "skillSummaries",
                self._of_contacts(skill_summary),
                longest=30 * _DAY,
                durations=SUMMARY_DURATIONS,
            ),
            "skills/sla-summary": Period(
                "serviceLevelSummaries", self._of_contacts(service_levels), paged=True
            ),
            "contacts/state-history": Period(
                "contactStateHistory", self._contact_states, paged=True
            ),
            AGENT_STATES: Period("agentStateHistory", self._agent_states, paged=True),
            AGENT_CHANGES: Period(
                "wfM_Data_Agents",
                self._agent_changes,
                longest=14 * _DAY,
                old_data_key="wfoAgentSpecificStats",
                old_names={"agentNo": "agentId", "teamNo": "teamId"},
            ),
            "wfm-data/skills/contacts": Period(
                "contactStats",
                self._of_contacts(skill_contacts),
                longest=timedelta(hours=6),
                by_media_type=True,
                waits=True,
            ),
            "wfm-data/skills/dialer-contacts": Period(
                "wfM_OB_StatsV9",
                self._of_contacts(dialer_contacts),
                old_data_key="outboundStats",
                by_media_type=True,
                waits=True,
            ),
            "wfm-data/skills/agent-performance": Period(
                "skillsPerformance", self._of_contacts(agent_skills), longest=_DAY, waits=True
            ),
            "wfm-data/agents/schedule-adherence": Period(
                "agentStateHistory", self._adherence, longest=timedelta(minutes=5)
            ),
            "wfm-data/agents/scorecards": Period(
                "agentStateHistory", self._adherence, longest=_DAY, old_data_key="wfmScorecardStats"
            ),
        }

    def _of_contacts(self, figures: Callable[[Iterable[Row]], list[Row]]) -> RowsBetween:
        return lambda start, end: figures(self._contacts.started(start, end))

    def _contact_states(self, start: datetime, end: datetime) -> list[Row]:
        return contact_states(self._contacts.started(start - LONGEST_CONTACT, end), start, end)

    def _agent_states(self, start: datetime, end: datetime) -> list[Row]:
        return list(self._generator.rows(AGENT_STATES, start, end, self._clock.now()))

    def _agent_changes(self, start: datetime, end: datetime) -> list[Row]:
        return list(self._generator.rows(AGENT_CHANGES, start, end, self._clock.now()))

    def _adherence(self, start: datetime, end: datetime) -> list[Row]:
        return adherence(self._agent_states(start, end))

    def answer(self, name: str, query: Mapping[str, str]) -> list[Row]:
        """Return the rows of a list that a request names.

        Raises:
            HTTPException: The API refuses the request.
        """
        period = self.lists[name]
        start, end = (instant_of(query, field) for field in ("startDate", "endDate"))
        self._require_range(period, start, end)
        if period.by_media_type and "mediaTypeId" not in query:
            raise HTTPException(400, "The parameter mediaTypeId is missing")
        if period.waits:
            self._require_ready()
        media_type = query.get("mediaTypeId")
        rows = period.rows(start, end)
        return [row for row in rows if media_type in {None, str(row.get("mediaTypeId"))}]

    def _require_range(self, period: Period, start: datetime, end: datetime) -> None:
        refused = ""
        if not start < end:
            refused = "Invalid DateRange"
        elif period.longest and end - start > period.longest:
            refused = f"The date range must not exceed {period.longest}"
        elif period.by_quarter and (end.minute % _QUARTER or end.second):
            refused = "endDate must be on a quarter of an hour"
        elif period.by_quarter and end > self._clock.now() - _MIN_AGE:
            refused = "endDate must be at least 15 minutes ago"
        if refused:
            self.refusals += 1
            raise HTTPException(400, refused)

    def _require_ready(self) -> None:
        with self._lock:
            is_ready, self._waits_left = not self._waits_left, max(0, self._waits_left - 1)
        if not is_ready:
            raise HTTPException(409, "Interval data pending")


def instant_of(query: Mapping[str, Any], name: str) -> datetime:
    """Return an instant of a query; the API knows UTC only.

    Raises:
        HTTPException: It is missing, or no instant in UTC.
    """
    text = query.get(name, "")
    try:
        if text.endswith("Z"):
            return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        pass
    raise HTTPException(400, f"Invalid {name}")
