"""Play a row of the table: a run with its faults, what must be true of it, and a run after it."""

from __future__ import annotations

import gc
import json
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from tap_cxone.clock import parse_instant
from tap_cxone.errors import ConfigError, CXoneError, StreamsFailed
from tap_cxone.simulator import Credentials, Fault, Simulator
from tap_cxone.simulator.registry import Options
from tests.resilience.faults.scenes import SCENES
from tests.support.run import FakeClock, run_tap
from tests.support.scene import Scene, differences

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from tap_cxone.simulator.faults import FaultPoint
    from tests.support.run import Output
    from tests.support.scene import Truth

ALWAYS = 10_000
_SECRETS = (Credentials.ACCESS_KEY_SECRET, Credentials.CLIENT_SECRET, Credentials.ACCESS_KEY_ID)
_SIGNED = re.compile(r"X-Amz-Signature=[0-9a-f]|sim-access-token-|\beyJ")


@dataclass(frozen=True)
class Exact:
    """The run completes, and says what the simulator holds.

    Attributes:
        refusals: How often it may break a limit of the API.
        aside: Rows that go to the quarantine.
        more: What records say that the truth does not, by column, in every record.
        warns: Words of its log.
    """

    refusals: int = 0
    aside: int = 0
    more: Mapping[str, Any] = field(default_factory=dict)
    warns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fails:
    """The stream fails with one line that states the cause and the remedy.

    Attributes:
        cause: Words of the line.
        remedy: Words of the line that state the remedy.
        done: Windows that are complete before.
        later: How long it takes until the next run.
        then: Words of the line with which the next run fails too, as the API is still blocked.
        kind: What ends the run.
    """

    cause: tuple[str, ...]
    remedy: tuple[str, ...]
    done: int = 0
    later: timedelta = timedelta(0)
    then: tuple[str, ...] = ()
    kind: type[CXoneError] = StreamsFailed

    def __post_init__(self) -> None:
        """Refuse a row that does not say of which cause and remedy the line must speak."""
        for words in (self.cause, self.remedy):
            if not (words and all(words)):
                msg = f"{self.cause}: a line names a cause and a remedy"
                raise ValueError(msg)


@dataclass(frozen=True)
class Stops:
    """The run ends cleanly before the end, as a quota is used up."""

    words: tuple[str, ...]
    done: int = 0
    later: timedelta = timedelta(hours=25)


Script = Callable[[Simulator, Scene], Sequence[Fault]]


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        name: What happens where, readable.
        scene: Which family, and how it is read.
        faults: The script, or what makes it once the simulator runs.
        must: What must come of it.
        options: Options of the simulator.
        settings: Changes of the settings.
        history: Which windows the faults strike: those of the newest first, a gap before the
            bookmark of an earlier run, or a window that is reloaded. Empty for a first run.
        first: Changes of the settings in the first run only; `{host}` is the simulator's.
        skew: By how much the simulator's clock differs from the tap's.
        patience: How long the tap bears silence, in real seconds.
        slow: Whether it takes long.
        unmended: Why it fails for now.
    """

    name: str
    scene: str
    faults: Sequence[Fault] | Script
    must: Exact | Fails | Stops
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    history: Literal["", "newest first", "gap", "reload"] = ""
    first: Mapping[str, str] = field(default_factory=dict)
    skew: timedelta = timedelta(0)
    patience: float | None = None
    slow: bool = False
    unmended: str = ""

    @property
    def windows(self) -> tuple[int, ...]:
        """Return the windows that the faulty run reads, in its order, the first being 0."""
        orders = {"newest first": (1, 0), "gap": (0,), "reload": (0,)}
        return orders.get(self.history, tuple(range(SCENES[self.scene].windows)))

    @property
    def has_earlier_run(self) -> bool:
        """Return True if an undisturbed run has read windows before."""
        return self.history in {"gap", "reload"}

    @property
    def id(self) -> str:
        """Return the name of its test."""
        return f"{self.scene}-{self.name}".replace(" ", "_")


@dataclass(frozen=True)
class FaultRows:
    """What the folder of a family adds to the table.

    Attributes:
        rows: Yields the rows that concern the family alone.
        submits: What comes of a doubtful response to a submit, by point and label of the row,
            where it is not what comes of it in every family.
    """

    rows: Callable[[], Iterable[Row]] = tuple
    submits: Mapping[tuple[FaultPoint, str], Exact | Fails] = field(default_factory=dict)


@dataclass
class Skewed:
    """A clock that differs from another."""

    other: FakeClock
    by: timedelta

    def now(self) -> datetime:
        return self.other.now() + self.by


class Played:
    """A row that is played once."""

    def __init__(self, row: Row, caplog: pytest.LogCaptureFixture) -> None:
        """Begin at noon."""
        self.row = row
        self.scene = SCENES[row.scene]
        self.caplog = caplog
        self.clock = FakeClock()
        self.earlier: Output | None = None

    def play(self) -> int:
        """Play it; return how many faults struck."""
        options = Options(**{"rows_per_day": 4, **self.scene.options, **self.row.options})
        self.caplog.set_level(logging.INFO)
        gc.disable()  # whatever it ends amid a deep recursion could not end
        try:
            return self._play(options)
        finally:
            gc.enable()

    def _play(self, options: Options) -> int:
        with Simulator(options, clock=Skewed(self.clock, self.row.skew)) as sim:
            config = self.scene.settings(sim.url, **self.row.settings)
            config = self._with_history(config)
            faults = self.row.faults
            sim.faults.add(*(faults(sim, self.scene) if callable(faults) else faults))
            acts = list(sim.faults._script)
            broken = {
                name: value.format(host=sim.url[7:]) for name, value in self.row.first.items()
            }
            state = self.earlier.state if self.earlier else None
            first = self._run({**config, **broken}, state)
            assert all(act.applied for act in acts), "a fault never struck"
            self._hygiene(sim, first)
            match self.row.must:
                case Exact():
                    self._exact(sim, first, self.row.must)
                case Fails():
                    self._fails(sim, first, self.row.must)
                case Stops():
                    assert first.error is None
                    self._said(self._told, self.row.must.words)
                    self._committed(sim, first, self.row.must.done)
            if not isinstance(self.row.must, Exact):
                sim.faults.clear()
                self.clock.sleep(self.row.must.later)
                self._then(sim, config, first)
        return sum(act.applied for act in acts) + bool(broken) + bool(self.row.skew)

    def _with_history(self, config: dict[str, Any]) -> dict[str, Any]:
        """Return the settings of the faulty run; let the earlier one read its windows."""
        first_end = self.scene.end(1).isoformat()
        if self.row.history == "gap":
            self.earlier = self._run({**config, "start_date": first_end}, None)
        if self.row.history == "newest first":
            return {**config, "backfill_order": "newest_first"}
        if self.row.history == "reload":
            self.earlier = self._run(config, None)
            days = {"from": config["start_date"], "to": first_end}
            return {**config, "reload": [{"id": "again", "streams": [self.scene.stream], **days}]}
        return config

    def _run(self, config: dict[str, Any], state: dict[str, Any] | None) -> Output:
        return run_tap(config, clock=self.clock, state=state, catalog=self.scene.catalog)

    def _truth(self, sim: Simulator, windows: Iterable[int]) -> Truth:
        more = self.row.must.more if isinstance(self.row.must, Exact) else {}
        found: Truth = {}
        for number in windows:
            found |= self.scene.truth(sim, number)
        return {key: {**said, **more} for key, said in found.items()}

    def _hygiene(self, sim: Simulator, out: Output) -> None:
        """Assert what is true of every run."""
        told = self._told + json.dumps([m for m in out.messages if m["type"] != "RECORD"])
        told += str(out.error)
        assert "Unexpected error in tap-cxone" not in told, self._faults()
        assert not self._faults()
        assert not _SIGNED.search(told), _SIGNED.search(told)
        assert not [secret for secret in _SECRETS if secret in told]
        keys = [self.scene.key_of(record) for record in out.records(self.scene.stream)]
        assert len(set(keys)) == len(keys), "a key came twice"
        self._never_overtaken(sim, out)

    @property
    def _records(self) -> list[logging.LogRecord]:
        """Return what was logged, but not by the simulator's server."""
        return [record for record in self.caplog.records if "uvicorn" not in record.name]

    @property
    def _told(self) -> str:
        return "\n".join(record.getMessage() for record in self._records)

    @property
    def _last_bookmark(self) -> datetime | None:
        """Return the bookmark after a complete run."""
        bookmark = self.scene.bookmark
        return None if bookmark is None else parse_instant(bookmark)

    def _faults(self) -> list[str]:
        """Return the exceptions that were logged as tracebacks."""
        return [repr(found.exc_info[1]) for found in self._records if found.exc_info]

    def _never_overtaken(self, sim: Simulator, out: Output) -> None:
        """Assert that no STATE says more than what was emitted before it."""
        scene, left = self.scene, set()
        if self.row.history:  # the bookmark is no limit of what was read
            return
        wanted = [scene.truth(sim, number).keys() for number in range(scene.windows)]
        aside = len(out.records("quarantine"))
        for message in out.messages:
            if message["type"] == "RECORD" and message["stream"] == scene.stream:
                left.add(scene.key_of(message["record"]))
            elif message["type"] == "STATE":
                mark = _bookmark_in(message["value"], scene.stream)
                for number, keys in enumerate(wanted):
                    if mark and mark >= scene.end(number + 1):
                        assert len(keys - left) <= aside, "STATE overtook its rows"

    def _exact(self, sim: Simulator, out: Output, must: Exact) -> None:
        assert out.error is None, out.error
        assert _bookmark_in(out.state, self.scene.stream) == self._last_bookmark
        records = out.records(self.scene.stream)
        assert differences(self._truth(sim, self.row.windows), records, self.scene) == []
        assert len(out.records("quarantine")) == must.aside
        assert sim.limit_violations <= must.refusals, "the tap broke a limit"
        self._said(self._told, must.warns)
        assert not out.state["bookmarks"][self.scene.stream].get("pending_jobs")

    def _fails(self, sim: Simulator, out: Output, must: Fails) -> None:
        assert isinstance(out.error, must.kind), out.error
        assert isinstance(out.error, CXoneError)
        lines = out.error.lines()
        assert len(lines) == 1
        if not isinstance(out.error, ConfigError):
            assert f"'{self.scene.stream}'" in lines[0]
        assert "\n" not in lines[0]
        assert len(lines[0]) < 2000
        begins = self._said(lines[0], must.cause)
        self._said(lines[0][begins:], must.remedy)
        self._committed(sim, out, must.done)

    def _said(self, text: str, words: Sequence[str]) -> int:
        """Assert that a text has these words; return where the first of them begins."""
        places = {word: text.lower().find(word.lower()) for word in words}
        missing = [word for word, place in places.items() if place < 0]
        assert not missing, f"{missing} not in: {text}"
        return min(places.values(), default=0)

    def _committed(self, sim: Simulator, out: Output, done: int) -> None:
        """Assert that only so many windows were emitted, and that the bookmark says so."""
        records, windows = out.records(self.scene.stream), self.row.windows[:done]
        ends = [self.scene.end(number + 1) for number in windows]
        assert all(parse_instant(record["_window_end"]) in ends for record in records)
        assert differences(self._truth(sim, windows), records, self.scene) == []
        if self.row.has_earlier_run:
            ends.append(self.scene.end(self.scene.windows))
        mark = _bookmark_in(out.state, self.scene.stream) if out.states else None
        assert mark == max(ends, default=None)

    def _then(self, sim: Simulator, config: dict[str, Any], first: Output) -> None:
        """Assert that the next run, with nothing going wrong, completes all of it."""
        second = self._run(config, first.states[-1] if first.states else None)
        if isinstance(self.row.must, Fails) and self.row.must.then:
            assert isinstance(second.error, StreamsFailed)
            self._said(str(second.error), self.row.must.then)
            assert not second.records(self.scene.stream)
            return
        assert second.error is None, f"then: {second.error}"
        self._hygiene_of_next(second)
        runs = [*([self.earlier] if self.earlier else []), first, second]
        records = [record for out in runs for record in out.records(self.scene.stream)]
        assert differences(self._truth(sim, range(self.scene.windows)), records, self.scene) == []
        assert _bookmark_in(second.state, self.scene.stream) == self._last_bookmark
        assert not second.state["bookmarks"][self.scene.stream].get("pending_jobs")

    def _hygiene_of_next(self, out: Output) -> None:
        keys = [self.scene.key_of(record) for record in out.records(self.scene.stream)]
        assert len(set(keys)) == len(keys), "then: a key came twice"


def _bookmark_in(state: dict[str, Any], stream: str) -> datetime | None:
    value = state["bookmarks"].get(stream, {}).get("replication_key_value")
    return None if value is None else parse_instant(value)
