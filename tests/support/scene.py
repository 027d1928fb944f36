"""Scenes: one stream of a family, its windows, what they hold, and how its API is used."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator.settings import tap_settings
from tap_cxone.tap import TapCXone
from tests.support.run import select

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tap_cxone.simulator import RecordedRequest, Simulator
    from tap_cxone.simulator.faults import FamilyName, FaultPoint

DAY = timedelta(days=1)
FIRST = datetime(2026, 3, 15, tzinfo=UTC)
WINDOWS = 2
SCENE_CLOSED = "http://127.0.0.1:1"

Key = tuple[str, ...]
Truth = dict[Key, dict[str, Any]]
Rows = Iterable[dict[str, Any]]
Words = tuple[tuple[str, ...], tuple[str, ...]]


class Ability(StrEnum):
    """What an API may be unable to do; the contract states what follows."""

    JOBS = "start a job"
    PENDING_JOBS = "name a job that a later run can resume"
    JOB_LIST = "list its active jobs"
    CANCEL = "cancel a job"
    PRESIGNED_LINKS = "give a link that needs no token"
    WINDOWS = "return the rows of a date window"


def without_jobs(reason: str, *, links: str) -> dict[Ability, str]:
    """Return what an API without jobs cannot do.

    Args:
        reason: Why there are no jobs.
        links: Why no link is presigned.
    """
    jobs = (Ability.JOBS, Ability.PENDING_JOBS, Ability.JOB_LIST, Ability.CANCEL)
    return {**dict.fromkeys(jobs, reason), Ability.PRESIGNED_LINKS: links}


@dataclass(frozen=True, kw_only=True)
class RequestPatterns:
    """Patterns of "METHOD path" by the meaning of a request; empty if the API has none such."""

    login: str
    file: str
    submit: str = ""
    poll: str = ""
    listing: str = ""
    cancel: str = ""

    @classmethod
    def of_jobs(cls, path: str, *, login: str, **changes: str) -> RequestPatterns:
        """Return the patterns of an API whose jobs are below one path, with presigned links."""
        patterns = {
            "submit": f"POST {path}",
            "poll": f"GET {path}/.+",
            "listing": f"GET {path}",
            "cancel": f"DELETE {path}/.+",
            "file": "GET /files/.+",
        }
        return cls(login=login, **patterns | changes)


@dataclass(frozen=True, eq=False, kw_only=True)
class Scene:
    """One family's stream, its windows and what they hold.

    A stream that cannot read date windows is read whole once per run, and has no bookmark.

    Attributes:
        name: The name in the IDs of tests.
        family: The name of the family in the settings.
        stream: The stream that is read.
        key: The source's fields that identify a row; with the window where rows are sums.
        entity: What the simulator calls the truth.
        credentials: The settings that hold the credentials.
        patterns: What the requests of the family look like.
        reads: The points of the simulator that create no job.
        own: The family's settings.
        submits: The points of the simulator at a submit; the last one creates the job.
        cannot: What the API cannot do, each with the reason.
        other_request: Settings of the family with which the same window is another request.
        unknown_status: Response to a poll with the status word `hibernating`.
        token_option: Option of the simulator with the lifetime of a token, in seconds.
        first_request: The point of the first request that needs a token.
        dispensable: The points whose response a run can do without.
        permissions: Words with which an error at a point names the missing permission.
        permission: The same for any other point; empty if the error names none.
        refusals: Words of cause and of remedy for a status that stays at a point, where they are
            not those of every family.
        own_timing: Whether poll interval and job time-out are settings of the family.
        repeatable: Statuses after which a submit is repeated, because a second job harms nothing.
        poll_growth: Number of poll intervals that the time between two polls grows to.
        file_point: The point at which the file, or a page of it, is read.
        result_life: How long the API keeps the result of a job.
        file_in_json: Whether the file is base64 in JSON, which no redirect leads to.
        json_file: Whether the file is a JSON array; else it is CSV.
        text_title: The title of a column of texts in a CSV file.
        job_in_header: Whether a header of the response to a submit names the job, not its body.
        one_job_a_tenant: Whether a job that does not end blocks all others of the tenant.
        first: Where the first window begins.
        options: Options of the simulator.
        empty: Options of the simulator with which the stream has no row.
        fields: The source's fields that are read, or all.
        windowed: Whether the window is part of the key.
        typed: Returns the records that rows of the truth become; None to compare texts.
        tap_class: The tap that has the family.
    """

    name: str
    family: FamilyName
    stream: str
    key: tuple[str, ...]
    entity: str
    credentials: tuple[str, ...]
    patterns: RequestPatterns
    reads: tuple[FaultPoint, ...]
    own: Mapping[str, Any] = field(default_factory=dict)
    submits: tuple[FaultPoint, ...] = ()
    cannot: Mapping[Ability, str] = field(default_factory=dict)
    other_request: Mapping[str, Any] = field(default_factory=dict)
    unknown_status: Mapping[str, Any] = field(default_factory=dict)
    token_option: str = "token_seconds"
    first_request: FaultPoint | None = None
    dispensable: tuple[FaultPoint, ...] = ()
    permissions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    permission: tuple[str, ...] = ()
    refusals: Mapping[tuple[str, int], Words] = field(default_factory=dict)
    own_timing: bool = False
    repeatable: Collection[int] = ()
    poll_growth: int = 6
    file_point: FaultPoint = "download"
    result_life: timedelta = DAY
    file_in_json: bool = False
    json_file: bool = False
    text_title: str = ""
    job_in_header: bool = False
    one_job_a_tenant: bool = False
    first: datetime = FIRST
    options: Mapping[str, Any] = field(default_factory=dict)
    empty: Mapping[str, Any] = field(default_factory=lambda: {"rows_per_day": 0})
    fields: tuple[str, ...] = ()
    windowed: bool = False
    typed: Callable[[Rows], list[dict[str, Any]]] | None = None
    tap_class: type[TapCXone] = TapCXone

    def settings(self, url: str, **changes: Any) -> dict[str, Any]:
        """Return settings for a period of two days, with windows of a day each."""
        base = tap_settings(url, families=(self.family,))
        own = {**base.pop(self.family, {}), **self.own}
        return {
            **base,
            "start_date": self.first.isoformat(),
            "end_date": (self.first + WINDOWS * DAY).isoformat(),
            **changes,
            self.family: {**own, **changes.get(self.family, {})},
        }

    def timing(self, **values: float) -> dict[str, Any]:
        """Return changes of the poll interval or the job time-out that apply to the family."""
        return {self.family: values} if self.own_timing else dict(values)

    def timing_setting(self, name: str) -> str:
        """Return the full path of the setting that `timing` changes."""
        return f"{self.family}.{name}" if self.own_timing else name

    def can(self, *abilities: Ability) -> bool:
        """Return True if the API can do all of these."""
        return not set(abilities) & self.cannot.keys()

    @property
    def windows(self) -> int:
        """Return how many windows a run reads; 1 for a stream that is read whole."""
        return WINDOWS if self.can(Ability.WINDOWS) else 1

    @property
    def replication_key(self) -> str | None:
        """Return the replication key in the catalog; None for a stream that is read whole."""
        return "_window_end" if self.can(Ability.WINDOWS) else None

    @property
    def bookmark(self) -> str | None:
        """Return the bookmark after a complete run; None for a stream that is read whole."""
        return self.end(WINDOWS).isoformat() if self.can(Ability.WINDOWS) else None

    def sent(self, sim: Simulator, kind: str) -> list[RecordedRequest]:
        """Return the requests of a kind, which is a field of `RequestPatterns`."""
        pattern = re.compile(getattr(self.patterns, kind) or "(?!)")
        return [seen for seen in sim.requests if pattern.fullmatch(f"{seen.method} {seen.path}")]

    def end(self, number: int) -> datetime:
        """Return where the windows end, of which there are so many."""
        return self.first + number * DAY

    def rows(self, sim: Simulator, number: int) -> list[dict[str, Any]]:
        """Return the simulator's own rows of one window, the first being 0.

        A report that is read whole has the rows of the day before its job.
        """
        start = self.end(number)
        if not self.can(Ability.WINDOWS):
            now = sim.backend.clock.now()
            start = now.replace(hour=0, minute=0, second=0, microsecond=0) - DAY
        return sim.expected_rows(self.entity, start, start + DAY)

    def truth(self, sim: Simulator, number: int) -> Truth:
        """Return what the records of one window must say, by key and column."""
        if self.windowed:
            return self._sums(sim, number)
        rows = self.rows(sim, number)
        if self.typed is not None:
            return {self.key_of(record): record for record in self.typed(rows)}
        found = {}
        for row in rows:
            names = self.fields or tuple(name for name in row if not name.startswith("_"))
            said = {snake(name): row[name] for name in names}
            said |= row.get("customMetrics", {})
            found[tuple(str(row[name]) for name in self.key)] = said
        return found

    def whole_truth(self, sim: Simulator) -> Truth:
        """Return what the records of all windows must say, by key and column."""
        windows = [self.truth(sim, number) for number in range(self.windows)]
        return {key: said for window in windows for key, said in window.items()}

    def _sums(self, sim: Simulator, number: int) -> Truth:
        begins = self.end(number).isoformat()
        metrics = self.fields
        found: dict[Key, dict[str, Any]] = defaultdict(
            lambda: {snake(name): Decimal(0) for name in metrics}
        )
        for row in self.rows(sim, number):
            sums = found[(*(str(row[name]) for name in self.key), begins)]
            for name in metrics:
                sums[snake(name)] += Decimal(str(row[name]))
            sums |= {snake(name): row[name] for name in self.key}
        return dict(found)

    def key_of(self, record: Mapping[str, Any]) -> Key:
        """Return the key of a record."""
        own = tuple(str(record[snake(name)]) for name in self.key)
        return (*own, record["_window_start"]) if self.windowed else own

    @functools.cached_property
    def catalog(self) -> dict[str, Any]:
        """Return a catalog with the stream and the quarantine selected."""
        settings = self.settings(SCENE_CLOSED)
        return select(settings, self.stream, "quarantine", tap_class=self.tap_class)


def snake(title: str) -> str:
    """Name a column after a title of the simulator."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", title)
    return re.sub(r"\W+", "_", words).strip("_").lower()


def fits(said: Any, value: Any) -> bool:
    """Return True if a value is what the source said."""
    if callable(said):
        return bool(said(value))
    if said is None or (isinstance(said, str) and not said.strip()):
        return value is None
    if isinstance(said, bool) or isinstance(value, bool):
        return str(said).lower() == str(value).lower()
    if isinstance(value, int | float | Decimal):
        try:
            near = isinstance(value, float) and float(str(said)) == value
            return near or Decimal(str(said)) == Decimal(str(value))
        except (InvalidOperation, ValueError):
            return False
    return str(said) == value or _instant(said) == _instant(value) is not None


def _instant(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def differences(truth: Truth, records: Sequence[Mapping[str, Any]], scene: Scene) -> list[str]:
    """Return in which ways records are not what they must be; the last of a key counts."""
    merged = {scene.key_of(record): record for record in records}
    found = [f"{key} is missing" for key in truth.keys() - merged.keys()]
    found += [f"{key} is too many" for key in merged.keys() - truth.keys()]
    for key in truth.keys() & merged.keys():
        said, record = truth[key], merged[key]
        own = {name for name in record if not name.startswith("_")}
        found += [f"{key}: no {name}" for name in said.keys() - own if said[name] is not None]
        found += [
            f"{key}: {name} is {record[name]!r}, should be {said.get(name)!r}"
            for name in own
            if (name in said or not scene.windowed) and not fits(said.get(name), record[name])
        ]
    return found
