"""Render the HTML page; it loads no external resource."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

from msgspec import Struct

from tap_cxone.report import formatting
from tap_cxone.report.bar_chart import draw_bars
from tap_cxone.report.coverage import DayState, count_states, months
from tap_cxone.report.document import render, template_environment
from tap_cxone.report.failures import FAILURE_LABELS, failures, invalid_rows, schema_changes
from tap_cxone.report.runs import runs
from tap_cxone.report.stream_filter import filter_rules, key_in, stream_keys
from tap_cxone.report.streams import Stream, last_day, length_in_days, streams
from tap_cxone.report.summary import Summary
from tap_cxone.report.timeline import timeline
from tap_cxone.report.waits import JobWait, longest, waits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from jinja2 import Environment

    from tap_cxone.report.bar_chart import BarChart
    from tap_cxone.report.coverage import Month
    from tap_cxone.report.log_parser import Log
    from tap_cxone.report.timeline import Timeline

_OPEN_MONTHS = 2  # older months are in a collapsed section
MAX_SHOWN = {
    "causes": 20,
    "months": 36,
    "windows": 400,
    "failures": 200,
    "runs": 60,
    "days": 31,
    "waits": 10,
}
"""Maximum number of shown items by kind; the page reports how many are omitted."""
_SYMBOLS = {
    DayState.COMPLETE: "✓",
    DayState.PARTIAL: "½",
    DayState.FAILED: "✗",
    DayState.SKIPPED: "»",
    DayState.NOT_REQUESTED: "",
}
_DESCRIPTIONS = {
    DayState.COMPLETE: "the whole day was extracted",
    DayState.PARTIAL: "a part of the day was extracted, such as of today",
    DayState.FAILED: "requested, and no run has extracted it so far",
    DayState.SKIPPED: "passed without extraction, as skip_windows requests",
    DayState.NOT_REQUESTED: "no run has requested the day",
}


@dataclass(frozen=True)
class Card:
    """View of a stream."""

    stream: Stream
    last: date | None

    @cached_property
    def counts(self) -> Mapping[DayState, int]:
        """Return the number of requested days in each state."""
        return count_states(self.stream.days.values())

    @cached_property
    def months(self) -> list[Month]:
        """Return the months, newest first."""
        return months(self.stream.days, self.last) if self.last else []

    @property
    def newest(self) -> list[Month]:
        """Return the months that are shown expanded."""
        return self.months[:_OPEN_MONTHS]

    @property
    def older(self) -> list[Month]:
        """Return the months of the collapsed section."""
        return self.months[_OPEN_MONTHS : MAX_SHOWN["months"]]

    @cached_property
    def rows(self) -> BarChart | None:
        """Return the bar chart of rows per day; None without windows."""
        return draw_bars(self.stream.window_commits)


class FamilyWaits(Struct, frozen=True):
    """View of the waits of one API family."""

    family: str
    waits: list[JobWait]

    @property
    def timeline(self) -> Timeline:
        """Return the timeline of the waits."""
        return timeline(self.waits, MAX_SHOWN["days"])

    @property
    def longest(self) -> JobWait:
        """Return the longest wait."""
        return longest(self.waits, 1)[0]


def page(log: Log) -> str:
    """Return the page; the result depends on the log only."""
    all_streams = streams(log.lines)
    last = last_day(all_streams)
    all_waits = waits(log.lines)
    by_family = groupby(sorted(all_waits, key=_family), key=_family)
    keys = stream_keys(stream.name for stream in all_streams)
    return render(
        _environment(),
        "page.html",
        filter_rules(keys.values()),
        log=log,
        cards=[Card(stream, last) for stream in all_streams],
        keys=keys,
        summary=Summary(all_streams),
        runs=runs(log.lines),
        families=[FamilyWaits(name, list(group)) for name, group in by_family],
        longest=longest(all_waits, MAX_SHOWN["waits"]),
        failures=failures(log.lines),
        invalid_rows=invalid_rows(log.lines),
        new_columns=schema_changes(log.lines),
    )


def _family(wait: JobWait) -> str:
    return wait.family


def _environment() -> Environment:
    environment = template_environment()
    environment.filters |= {
        name: getattr(formatting, name)
        for name in ("instant", "clock", "duration", "seconds", "number", "plural", "name")
    }
    environment.filters["key_in"] = key_in
    environment.globals |= {
        "State": DayState,
        "signs": _SYMBOLS,
        "meanings": _DESCRIPTIONS,
        "called": FAILURE_LABELS,
        "length": length_in_days,
        "most": MAX_SHOWN,
    }
    return environment
