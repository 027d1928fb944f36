"""Scripted faults: which requests fail, and how."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Collection

FamilyName = str
FAMILY_NAMES = frozenset(
    module.name for module in iter_modules([str(Path(__file__).parent)]) if module.ispkg
)
"""Names of the families: each has a package of its name beside this module."""

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
    "reset-idle",
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
    """One scripted fault.

    These kinds respond without handling the request:

    - `status`: respond with `status`, `headers` and `body`.
    - `html`: respond with a page and status 200.
    - `reset`: reset the connection without a response.
    - `reset-idle`: the same, but only if an earlier request used the connection.
    - `expired-link`: respond as for an expired link. Files without a link ignore it.

    These kinds handle the request and change its response:

    - `reply-lost`: close the connection without a response.
    - `stall`: send nothing for `seconds` of real time, or until the client disconnects. It starts
      at byte `cut`, by default before the response.
    - `empty`: send no body.
    - `malformed-json`: send half of the body. At a download it removes the last bracket of a JSON
      file; CSV files ignore it.
    - `truncated`: send `cut` bytes of the body, by default half, then close the connection.
    - `truncated-gzip`: cut the gzip file in the same way, in a complete response.
    - `corrupt-gzip`: change a byte in the middle of the gzip file.
    - `malformed-csv`: append a line whose quote is not closed. JSON files ignore it.
    - `ragged-csv`: append a line that is too short and one that is too long. JSON files ignore it.
    - `bytes`: send exactly `body`.

    These kinds force the end of the job of a submit, run or poll. They are `job-failed` (`body` is
    the reason), `job-cancelled`, `job-expired`, `job-stuck` (never ends) and `job-lost` (404). The
    job of a submit ends after its normal duration, the job of a poll ends with that poll.

    Attributes:
        at: The point that the fault applies to. `sync` and `async` are one submitting POST each,
            `submit` is both. For scheduled reports, `submit` and `update` register a schedule,
            `run` starts a job, and `page` is every result page but the first. A data download is
            only `page`.
        kind: The kind of fault.
        times: Number of requests that it applies to.
        after: Number of matching requests that pass first. A request to which an earlier fault
            applies is not counted.
        status: Status of a `status` fault; default 500.
        headers: Headers added to the response of a `status` fault.
        body: Body of a `status` or `bytes` fault, or the reason of `job-failed`.
        cut: Number of body bytes that are sent.
        seconds: Duration of a `stall`; default 60.
        family: The only family that it applies to; None for any.
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
        """Raise ValueError for an unknown kind or family, or for a kind that `at` excludes."""
        if self.kind not in get_args(FaultKind):
            msg = f"unknown kind of fault: {self.kind!r}"
            raise ValueError(msg)
        if self.at not in _ALLOWED_POINTS.get(self.kind, _ALL_POINTS):
            msg = f"a fault of kind {self.kind!r} cannot strike at {self.at!r}"
            raise ValueError(msg)
        if self.family is not None and self.family not in FAMILY_NAMES:
            msg = f"unknown family: {self.family!r}"
            raise ValueError(msg)

    def applies_to(self, points: Collection[FaultPoint], family: FamilyName | None) -> bool:
        """Return True if the fault applies to requests of this family at one of the points."""
        return self.at in points and self.family in {None, family}

    @property
    def payload(self) -> bytes:
        """Return the body as bytes."""
        return self.body.encode() if isinstance(self.body, str) else self.body or b""


@dataclass(slots=True)
class _ScriptedFault:
    """A fault with its counters."""

    fault: Fault
    skipped: int = 0
    applied: int = 0

    def count_request(self) -> bool:
        """Count a matching request; return True if the fault applies to it."""
        if self.skipped < self.fault.after:
            self.skipped += 1
            return False
        self.applied += 1
        return True


class FaultScript:
    """Thread-safe list of faults; the first matching fault that is not used up applies."""

    def __init__(self) -> None:
        """Create an empty script."""
        self._lock = threading.Lock()
        self._script: list[_ScriptedFault] = []

    def add(self, *faults: Fault) -> None:
        """Append faults to the script."""
        with self._lock:
            self._script += [_ScriptedFault(fault) for fault in faults]

    def clear(self) -> None:
        """Delete all pending faults."""
        with self._lock:
            self._script.clear()

    @property
    def pending(self) -> tuple[Fault, ...]:
        """Return the pending faults."""
        with self._lock:
            return tuple(entry.fault for entry in self._script)

    def next_fault(self, points: Collection[FaultPoint], family: FamilyName | None) -> Fault | None:
        """Return the fault for a request of this family at these points, and count it."""
        with self._lock:
            matching = (entry for entry in self._script if entry.fault.applies_to(points, family))
            applied = next((entry for entry in matching if entry.count_request()), None)
            self._script = [entry for entry in self._script if entry.applied < entry.fault.times]
        return applied.fault if applied else None
