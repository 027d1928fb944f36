"""What goes wrong, and when: a script of faults, played in order."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Collection

Family = Literal[
    "data_extraction", "observability", "analytics_exports", "data_download", "scheduled_reports"
]
Place = Literal[
    "token",
    "submit",
    "sync",
    "async",
    "list",
    "poll",
    "download",
    "me",
    "catalogue",
    "quota",
    "page",
    "update",
    "run",
    "cancel",
]
Kind = Literal[
    "status",
    "html",
    "reset",
    "reply-lost",
    "stall",
    "empty",
    "malformed-json",
    "truncated",
    "truncated-gzip",
    "corrupt-gzip",
    "malformed-csv",
    "ragged-csv",
    "bytes",
    "expired-link",
    "job-failed",
    "job-cancelled",
    "job-expired",
    "job-stuck",
    "job-lost",
]
_SUBMITS: tuple[Place, ...] = ("submit", "sync", "async", "run")
_ANYWHERE: tuple[Place, ...] = get_args(Place)
_JSON: tuple[Place, ...] = tuple(place for place in _ANYWHERE if place != "cancel")
_PLACES: dict[Kind, tuple[Place, ...]] = {
    "malformed-json": _JSON,
    "truncated-gzip": ("download",),
    "corrupt-gzip": ("download",),
    "malformed-csv": ("download",),
    "ragged-csv": ("download",),
    "bytes": ("download",),
    "expired-link": ("download",),
    "job-failed": (*_SUBMITS, "poll"),
    "job-cancelled": (*_SUBMITS, "poll"),
    "job-expired": (*_SUBMITS, "poll"),
    "job-stuck": (*_SUBMITS, "poll"),
    "job-lost": (*_SUBMITS, "poll"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Not carried out, only answered: `status` (with `status`, `headers`, `body`), `html` (a page with
    status 200), `reset` (the connection is reset without an answer), `expired-link`.
    Carried out, then spoiled: `reply-lost` (closed without an answer), `stall` (silent for
    `seconds` of real time, or until the caller hangs up; from byte `cut` on, else from the start),
    `empty` (no body), `malformed-json` (half the answer), `truncated` (`cut` bytes of the body,
    else half, then closed), `truncated-gzip` (the same of the gzip file, in a complete answer),
    `corrupt-gzip` (a wrong byte amid the gzip file), `malformed-csv` (a last line whose quote never
    ends), `ragged-csv` (two more lines, one too short, one too long), `bytes` (exactly `body`).
    At a download, `malformed-json` takes the last bracket off a JSON file. The faults of CSV leave
    a JSON file alone, that of JSON a CSV file, and `expired-link` a file that has no link.
    The job of the submit, the run or the poll ends so: `job-failed` (`body` is the reason),
    `job-cancelled`, `job-expired`, `job-stuck` (never), `job-lost` (404). A submit's job first
    takes its time, a poll's ends with that poll.

    Attributes:
        at: Which requests: `sync` and `async` are one submitting POST each, `submit` both. Of
            scheduled reports, `submit` and `update` register a schedule, `run` begins a job, and
            `page` is all of a result but its first page; a data download is only `page`.
        kind: What happens to them.
        times: How many are struck.
        after: How many pass first; one that an earlier fault strikes does not count.
        status: Status of a `status` fault (500).
        headers: Headers added to its answer.
        body: Its body, or that of `bytes`, or the reason of `job-failed`.
        cut: Bytes of the body that still arrive.
        seconds: How long a `stall` lasts (60).
        family: The only family struck; None for any.
    """

    at: Place
    kind: Kind
    times: int = 1
    after: int = 0
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: str | bytes | None = None
    cut: int | None = None
    seconds: float | None = None
    family: Family | None = None

    def __post_init__(self) -> None:
        """Refuse a kind of fault where it cannot strike."""
        if self.kind not in get_args(Kind):
            msg = f"unknown kind of fault: {self.kind!r}"
            raise ValueError(msg)
        if self.at not in _PLACES.get(self.kind, _ANYWHERE):
            msg = f"a fault of kind {self.kind!r} cannot strike at {self.at!r}"
            raise ValueError(msg)
        if self.family is not None and self.family not in get_args(Family):
            msg = f"unknown family: {self.family!r}"
            raise ValueError(msg)

    def concerns(self, places: Collection[Place], family: Family | None) -> bool:
        """Return whether a request at these places, of this family, may be struck."""
        return self.at in places and self.family in {None, family}

    @property
    def payload(self) -> bytes:
        """Return the body as bytes."""
        return self.body.encode() if isinstance(self.body, str) else self.body or b""


@dataclass(slots=True)
class _Act:
    """A fault and how far it has been played."""

    fault: Fault
    passed: int = 0
    struck: int = 0

    def strikes(self) -> bool:
        """Count a matching request and tell whether it is struck."""
        if self.passed < self.fault.after:
            self.passed += 1
            return False
        self.struck += 1
        return True


class Faults:
    """The script: the first fault that matches a request and is not used up strikes it."""

    def __init__(self) -> None:
        """Start with nothing going wrong."""
        self._lock = threading.Lock()
        self._acts: list[_Act] = []

    def add(self, *faults: Fault) -> None:
        """Append to the script."""
        with self._lock:
            self._acts += [_Act(fault) for fault in faults]

    def clear(self) -> None:
        """Forget what has not struck yet."""
        with self._lock:
            self._acts.clear()

    @property
    def pending(self) -> tuple[Fault, ...]:
        """Return the faults that are not used up."""
        with self._lock:
            return tuple(act.fault for act in self._acts)

    def take(self, places: Collection[Place], family: Family | None) -> Fault | None:
        """Return the fault that strikes a request at these places, of this family."""
        with self._lock:
            matching = (act for act in self._acts if act.fault.concerns(places, family))
            struck = next((act for act in matching if act.strikes()), None)
            self._acts = [act for act in self._acts if act.struck < act.fault.times]
        return struck.fault if struck else None
