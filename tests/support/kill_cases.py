"""How the harness of kills sees a family: its settings, its streams and its jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_cxone.simulator import Simulator
    from tap_cxone.simulator.faults import FamilyName, FaultPoint

START = datetime(2026, 3, 15, tzinfo=UTC)
DAY = timedelta(days=1)
QUARANTINE = "quarantine"
SAME_WINDOWS = {"overlap_days": 0}
"""A killed run and the next one read the same windows, so each row can be counted."""


@dataclass(frozen=True)
class Work:
    """Something that was spent at the simulator: a job, an export, a run of a report.

    Attributes:
        id: Its name.
        stream: For whom.
        start: What it is about: the first instant.
        about: What it is about, as a whole; equal for what must not run twice at a time.
        begun: When it was accepted.
        done: When it ended.
        once: Whether the API has a list of jobs, so that no two may be active for one window.
        listed: Whether the list tells what it is about, so that it is found without a state.
    """

    id: str
    stream: str
    start: datetime
    about: object
    begun: datetime
    done: datetime
    once: bool = False
    listed: bool = False


@dataclass(frozen=True, eq=False)
class Case:
    """One way to use one family.

    Attributes:
        name: Of the case.
        family: The name of the family; empty for all of them.
        settings: The settings for so many days from `START` on.
        small: The streams for the fast tests.
        large: The streams for the slow ones.
        works: What was spent so far; empty for a family that spends none.
        pages: The windows that the pages requested so far are of, for a family that reads pages.
        options: What the simulator is like.
        nameless: Whether the answer to a submit is a link, with no job to remember.
        whole: The streams that are read whole each time, without windows.
        places: The points of the simulator at which a process is ended.
        sent_once: Those of them whose request a run sends once.
        with_job: Those of them at which a job is under way that a STATE holds.
        fast: Some of them, each with a way to end the process; all others are slow.
        whole_days: Whether a day is read only when it is over.
        quick: Settings of the family that depend on the speed of the simulator.
    """

    name: str
    family: FamilyName
    settings: Callable[[Simulator, int], dict[str, Any]]
    small: tuple[str, ...]
    large: tuple[str, ...]
    works: Callable[[Simulator], list[Work]]
    pages: Callable[[Simulator], list[str]] = lambda _: []
    options: Mapping[str, Any] = field(default_factory=dict)
    nameless: bool = False
    whole: tuple[str, ...] = ()
    places: tuple[FaultPoint, ...] = ()
    sent_once: tuple[FaultPoint, ...] = ()
    with_job: tuple[FaultPoint, ...] = ()
    fast: tuple[tuple[FaultPoint, str], ...] = ()
    whole_days: bool = False
    quick: tuple[str, ...] = ()

    @classmethod
    def together(cls, name: str, cases: Sequence[Case]) -> Case:
        """Return the case of one run with the families of some cases."""

        def settings(sim: Simulator, number: int) -> dict[str, Any]:
            found: dict[str, Any] = {}
            for case in cases:
                found |= case.settings(sim, number)
            return {**found, **span(number), "poll_interval_seconds": 5}

        return cls(
            name=name,
            family="",
            settings=settings,
            small=tuple(dict.fromkeys(stream for case in cases for stream in case.small)),
            large=tuple(dict.fromkeys(stream for case in cases for stream in case.large)),
            works=lambda sim: [work for case in cases for work in case.works(sim)],
            pages=lambda sim: [page for case in cases for page in case.pages(sim)],
            options={name: value for case in cases for name, value in case.options.items()},
            whole=tuple(stream for case in cases for stream in case.whole),
        )

    def __str__(self) -> str:
        """Name it in the tests' names."""
        return self.name


def span(number: int) -> dict[str, str]:
    """Return the settings of so many days from `START` on."""
    return {"start_date": START.isoformat(), "end_date": (START + number * DAY).isoformat()}
