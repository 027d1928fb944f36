"""What goes wrong, and when: a script of faults, played in order."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Collection

FamilyName = Literal[
    "data_extraction", "observability", "analytics_exports", "data_download", "scheduled_reports"
]
FaultPoint = Literal[
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
FaultKind = Literal[
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
_SUBMIT_POINTS: tuple[FaultPoint, ...] = ("submit", "sync", "async", "run")
_ALL_POINTS: tuple[FaultPoint, ...] = get_args(FaultPoint)
_JSON_POINTS: tuple[FaultPoint, ...] = tuple(point for point in _ALL_POINTS if point != "cancel")
_ALLOWED_POINTS: dict[FaultKind, tuple[FaultPoint, ...]] = {
    "malformed-json": _JSON_POINTS,
    "truncated-gzip": ("download",),
    "corrupt-gzip": ("download",),
    "malformed-csv": ("download",),
    "ragged-csv": ("download",),
    "bytes": ("download",),
    "expired-link": ("download",),
    "job-failed": (*_SUBMIT_POINTS, "poll"),
    "job-cancelled": (*_SUBMIT_POINTS, "poll"),
    "job-expired": (*_SUBMIT_POINTS, "poll"),
    "job-stuck": (*_SUBMIT_POINTS, "poll"),
    "job-lost": (*_SUBMIT_POINTS, "poll"),
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

    at: FaultPoint
    kind: FaultKind
    times: int = 1
    after: int = 0
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: str | bytes | None = None
    cut: int | None = None
    seconds: float | None = None
    family: FamilyName | None = None

    def __post_init__(self) -> None:
        """Refuse a kind of fault where it cannot strike."""
        if self.kind not in get_args(FaultKind):
            msg = f"unknown kind of fault: {self.kind!r}"
            raise ValueError(msg)
        if self.at not in _ALLOWED_POINTS.get(self.kind, _ALL_POINTS):
            msg = f"a fault of kind {self.kind!r} cannot strike at {self.at!r}"
            raise ValueError(msg)
        if self.family is not None and self.family not in get_args(FamilyName):
            msg = f"unknown family: {self.family!r}"
            raise ValueError(msg)

    def applies_to(self, points: Collection[FaultPoint], family: FamilyName | None) -> bool:
        """Return whether a request at these places, of this family, may be struck."""
        return self.at in points and self.family in {None, family}

    @property
    def payload(self) -> bytes:
        """Return the body as bytes."""
        return self.body.encode() if isinstance(self.body, str) else self.body or b""


@dataclass(slots=True)
class _ScriptedFault:
    """A fault and how far it has been played."""

    fault: Fault
    skipped: int = 0
    applied: int = 0

    def count_request(self) -> bool:
        """Count a matching request and tell whether it is struck."""
        if self.skipped < self.fault.after:
            self.skipped += 1
            return False
        self.applied += 1
        return True


class FaultScript:
    """The script: the first fault that matches a request and is not used up strikes it."""

    def __init__(self) -> None:
        """Start with nothing going wrong."""
        self._lock = threading.Lock()
        self._script: list[_ScriptedFault] = []

    def add(self, *faults: Fault) -> None:
        """Append to the script."""
        with self._lock:
            self._script += [_ScriptedFault(fault) for fault in faults]

    def clear(self) -> None:
        """Forget what has not struck yet."""
        with self._lock:
            self._script.clear()

    @property
    def pending(self) -> tuple[Fault, ...]:
        """Return the faults that are not used up."""
        with self._lock:
            return tuple(act.fault for act in self._script)

    def next_fault(self, points: Collection[FaultPoint], family: FamilyName | None) -> Fault | None:
        """Return the fault that strikes a request at these places, of this family."""
        with self._lock:
            matching = (act for act in self._script if act.fault.applies_to(points, family))
            applied = next((act for act in matching if act.count_request()), None)
            self._script = [act for act in self._script if act.applied < act.fault.times]
        return applied.fault if applied else None
