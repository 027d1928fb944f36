"""Facts → one HTML page that asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from tap_cxone.report import bars, timeline, words
from tap_cxone.report.coverage import State, counted, months
from tap_cxone.report.runs import runs
from tap_cxone.report.streams import Stream, last_day, length, streams
from tap_cxone.report.troubles import TROUBLES, drift, misfits, troubles
from tap_cxone.report.waits import Wait, longest, waits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from tap_cxone.report.bars import Rows
    from tap_cxone.report.coverage import Month
    from tap_cxone.report.reading import Log
    from tap_cxone.report.timeline import Timeline

_OPEN_MONTHS = 2  # the newest are shown at once, the others behind a click
MOST = {"months": 36, "windows": 400, "troubles": 200, "runs": 60, "days": 31, "waits": 10}
"""Of what at most so many are shown; the page says how many are older."""
_SIGNS = {State.COMPLETE: "✓", State.PARTIAL: "½", State.OPEN: "✗", State.NEVER: ""}
_MEANINGS = {
    State.COMPLETE: "all of the day was committed",
    State.PARTIAL: "a part of the day was committed",
    State.OPEN: "asked for, nothing of it was committed",
    State.NEVER: "never asked for",
}


@dataclass(frozen=True)
class Card:
    """A stream as it is shown."""

    stream: Stream
    last: date | None

    @cached_property
    def counts(self) -> Mapping[State, int]:
        """Return how many of the days that were asked for are in which state."""
        return counted(self.stream.days.values())

    @cached_property
    def months(self) -> list[Month]:
        """Return its months, the newest first."""
        return months(self.stream.days, self.last) if self.last else []

    @property
    def newest(self) -> list[Month]:
        """Return the months that are shown at once."""
        return self.months[:_OPEN_MONTHS]

    @property
    def older(self) -> list[Month]:
        """Return those behind a click."""
        return self.months[_OPEN_MONTHS : MOST["months"]]

    @cached_property
    def rows(self) -> Rows | None:
        """Return the drawing of its rows per day."""
        return bars.rows(self.stream.reads)


@dataclass(frozen=True)
class FamilyWaits:
    """The waits of one family as they are shown."""

    family: str
    waits: list[Wait]

    @property
    def timeline(self) -> Timeline:
        """Return their drawing."""
        return timeline.timeline(self.waits, MOST["days"])

    @property
    def longest(self) -> Wait:
        """Return the longest."""
        return longest(self.waits, 1)[0]


def page(log: Log) -> str:
    """Return the page; it is the same whenever it is made."""
    found = streams(log.lines)
    last = last_day(found)
    every = waits(log.lines)
    by_family = groupby(sorted(every, key=_family), key=_family)
    css = files(__package__).joinpath("templates/page.css").read_text(encoding="utf-8")
    return (
        _environment()
        .get_template("page.html")
        .render(
            log=log,
            css=css,
            css_digest=base64.b64encode(hashlib.sha256(css.encode()).digest()).decode(),
            cards=[Card(stream, last) for stream in found],
            runs=runs(log.lines),
            families=[FamilyWaits(name, list(own)) for name, own in by_family],
            longest=longest(every, MOST["waits"]),
            troubles=troubles(log.lines),
            misfits=misfits(log.lines),
            drift=drift(log.lines),
        )
    )


def _family(wait: Wait) -> str:
    return wait.family


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tap_cxone.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        name: getattr(words, name)
        for name in ("instant", "clock", "duration", "seconds", "number", "plural", "name")
    }
    environment.globals |= {
        "State": State,
        "signs": _SIGNS,
        "meanings": _MEANINGS,
        "called": TROUBLES,
        "length": length,
        "most": MOST,
    }
    return environment
