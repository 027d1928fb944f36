"""Typed view of a stream's state, which is plain JSON.

Keys of one stream's state beside its bookmark, all optional:

```
pending_jobs   [{"id", "start", "end", "submitted_at", "fingerprint"}]  submitted, not committed
submits        {family: ["2026-01-31T00:00:00+00:00", …]}   submits that still count for a limit
columns        {title: [column of its 1st, 2nd, … occurrence]}  of the titles in files
retired_columns [column]                                    former columns of titles
column_types   {column: type}                               other types than string
absent_columns [column]                                     the last file lacked them
tenant_info    {family: {name: value}}                      facts about the tenant
owner          {family: {"login": hash, "tenant": hash}}    whose state it is
failed         true                                         the stream failed in its last run
date_orders    {column: "day_first"}                        order of day and month in files
date_votes     {column: 2}                                  how many dates showed it, if few
narrow_windows {"days": 2}                                  wider windows cannot be read
zone           "America/New_York"                           of the days of committed windows
row_meaning    {setting: digest}                            settings of the committed rows
stopped_at     "2026-01-31T00:00:00+00:00"                  a quota stopped the stream
latest_collected {"ended_at", "ids"}                        the jobs that were collected last
history        {"committed": ["2026-01-01/2026-01-31"]}     time of the committed windows
version        3                                            layout of the keys above
```

A long STATE has all but the bookmarks, or all, in a compressed text (`output/packed_state.py`).
`docs/state.md` describes each key and the earlier layouts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from tap_cxone.clock import iso, parse_instant, time_zone
from tap_cxone.errors import StateError
from tap_cxone.jobs.collected import LatestCollected
from tap_cxone.jobs.job import Job
from tap_cxone.output.packed_state import PACKED_DETAILS, PACKED_STREAMS, unpack_state
from tap_cxone.planning.history import History
from tap_cxone.planning.narrow_windows import NarrowWindows
from tap_cxone.rows.column_map import ColumnMap
from tap_cxone.rows.dates import CERTAIN_VOTES
from tap_cxone.rows.title_digests import TitleDigests
from tap_cxone.streams.state_owner import StateOwner
from tap_cxone.streams.state_values import (
    parse_date_orders,
    parse_date_votes,
    parse_names,
    parse_types,
    require_text,
)
from tap_cxone.streams.state_versions import STATE_VERSION, upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from tap_cxone.config.types import ColumnType, DateOrder

_OWN_KEYS = {
    *("pending_jobs", "submits", "columns", "retired_columns", "column_types", "title_digests"),
    *("absent_columns", "date_orders", "date_votes", "tenant_info", "owner", "failed"),
    *("narrow_windows", "stopped_at", "history", "latest_collected"),
}
_KEYS_OF_A_FAILURE = {"failed", "owner", "version", "starting_replication_value"}

_T = TypeVar("_T")


class StreamState(Struct, frozen=True):
    """A view that reads and changes the state of one stream in place.

    Raises:
        StateError: The state contains a value that this tap does not write.
    """

    stream: str
    raw: dict[str, Any]

    def bookmark(self) -> datetime | None:
        """Return the end of the last committed window."""
        value = self.raw.get("replication_key_value")
        return None if value is None else self._parse(parse_instant, value)

    def pending_jobs(self) -> list[Job]:
        """Return the jobs that are submitted and not committed."""
        return self._parse_list(Job.from_json, self.raw.get("pending_jobs", []))

    def set_pending_jobs(self, jobs: Iterable[Job]) -> None:
        """Store these jobs as the only pending jobs."""
        self._put("pending_jobs", [job.to_json() for job in jobs])

    def submit_times(self, family: str) -> list[datetime]:
        """Return the submit times of a family from earlier runs."""
        times = self._parse(lambda raw: raw.get(family, []), self.raw.get("submits", {}))
        return self._parse_list(parse_instant, times)

    def set_submit_times(self, family: str, submit_times: Iterable[datetime]) -> None:
        """Store the submit times of a family that still count for a limit."""
        self._put("submits", {family: times} if (times := [iso(at) for at in submit_times]) else {})

    @property
    def failed(self) -> bool:
        """Return True if the stream failed in its last run and has committed nothing since."""
        return self.raw.get("failed") is True

    @property
    def has_only_failed(self) -> bool:
        """Return True if the stream failed, and the state holds nothing else of its tenant."""
        return self.failed and self.raw.keys() <= _KEYS_OF_A_FAILURE

    def mark_failed(self, *, failed: bool) -> None:
        """Store whether the stream failed."""
        self._put("failed", failed)

    def narrow_windows(self) -> NarrowWindows:
        """Return the days of a window after failures."""
        return self._parse(NarrowWindows.from_json, self.raw.get("narrow_windows", {}))

    def set_narrow_windows(self, narrow_windows: NarrowWindows) -> None:
        """Store the days of a window after failures."""
        self._put("narrow_windows", narrow_windows.to_json())

    def history(self) -> History | None:
        """Return the committed time; None if only a bookmark is stored."""
        raw = self.raw.get("history")
        return None if raw is None else self._parse(History.from_json, raw)

    def set_history(self, history: History) -> None:
        """Store the committed time."""
        self._put("history", history.to_json())

    def quota_stopped_at(self) -> datetime | None:
        """Return when a quota last stopped the stream; None if it never did."""
        value = self.raw.get("stopped_at")
        return None if value is None else self._parse(parse_instant, value)

    def set_quota_stopped_at(self, at: datetime) -> None:
        """Store when a quota stopped the stream."""
        self._put("stopped_at", iso(at))

    def latest_collected(self) -> LatestCollected | None:
        """Return the collected jobs that ended last; None if no job was collected."""
        raw = self.raw.get("latest_collected")
        return None if raw is None else self._parse(LatestCollected.from_json, raw)

    def set_latest_collected(self, latest: LatestCollected) -> None:
        """Store the collected jobs that ended last."""
        self._put("latest_collected", latest.to_json())

    def zone(self) -> ZoneInfo | None:
        """Return the zone whose days are the committed windows; None if it was not stored."""
        return time_zone(self.raw.get("zone"))

    def set_zone(self, zone: ZoneInfo) -> None:
        """Store the zone whose days are the committed windows."""
        self._put("zone", zone.key)

    def row_meaning(self) -> dict[str, str]:
        """Return the digests of the settings that decided what the committed rows mean."""
        return self._parse(dict, self.raw.get("row_meaning", {}))

    def set_row_meaning(self, setting_digests: Mapping[str, str]) -> None:
        """Store the digests of the settings that decide what a row means."""
        self._put("row_meaning", dict(setting_digests))

    def column_map(self) -> ColumnMap:
        """Return the columns of the titles that earlier files had."""
        names = self._parse(parse_names, self.raw.get("columns", {}))
        digests = self._parse(TitleDigests.from_json, self.raw.get("title_digests", {}))
        return ColumnMap(names, frozenset(self._names("retired_columns")), digests)

    def set_column_map(self, column_map: ColumnMap) -> None:
        """Store the columns of all titles."""
        columns: dict[str, list[str | None]] = {}
        for title, name in column_map.names.items():
            names = columns.setdefault(title.text, [])
            names += [None] * (title.ordinal - len(names))
            names[title.ordinal - 1] = name
        self._put("columns", columns)
        self._put("retired_columns", sorted(column_map.retired))
        self._put("title_digests", column_map.digests.to_json())

    def column_types(self) -> dict[str, ColumnType]:
        """Return the types of the columns in the last SCHEMA; a column without one is a string."""
        return self._parse(parse_types, self.raw.get("column_types", {}))

    def set_column_types(self, types: Mapping[str, ColumnType]) -> None:
        """Store the types of columns other than strings."""
        self._put("column_types", {name: t for name, t in types.items() if t != "string"})

    def absent_columns(self) -> list[str]:
        """Return the columns that the last file lacked, although an earlier file had them."""
        return self._names("absent_columns")

    def set_absent_columns(self, names: Collection[str]) -> None:
        """Store the columns that the last file lacked."""
        self._put("absent_columns", sorted(names))

    def _names(self, key: str) -> list[str]:
        return self._parse_list(require_text, self.raw.get(key, []))

    def date_orders(self) -> dict[str, DateOrder]:
        """Return the order of day and month that earlier files showed, by column."""
        return self._parse(parse_date_orders, self.raw.get("date_orders", {}))

    def date_votes(self) -> dict[str, int]:
        """Return how many dates showed the order of a column, where these were few."""
        return self._parse(parse_date_votes, self.raw.get("date_votes", {}))

    def add_date_orders(self, orders: Mapping[str, DateOrder], votes: Mapping[str, int]) -> None:
        """Store the orders that a file showed, and by how many dates."""
        few = {**self.date_votes(), **votes}.items()
        self._put("date_orders", {**self.date_orders(), **orders})
        self._put("date_votes", {name: number for name, number in few if number < CERTAIN_VOTES})

    def tenant_info(self, family: str) -> dict[str, Any]:
        """Return the tenant info of a family from earlier runs."""
        return self._parse(lambda raw: dict(raw.get(family, {})), self.raw.get("tenant_info", {}))

    def set_tenant_info(self, family: str, tenant_info: Mapping[str, Any]) -> None:
        """Store the tenant info of a family."""
        self._put("tenant_info", {family: dict(tenant_info)} if tenant_info else {})

    def owner(self, family: str) -> StateOwner | None:
        """Return whose state it is; None if a tap wrote it that did not store this."""
        raw = self._parse(lambda owners: owners.get(family), self.raw.get("owner", {}))
        return None if raw is None else self._parse(StateOwner.from_json, raw)

    def set_owner(self, family: str, owner: StateOwner | None) -> None:
        """Store whose state it is."""
        self._put("owner", {family: owner.to_json()} if owner else {})

    def families(self) -> set[str]:
        """Return the families whose submit times, tenant info or owner are stored."""
        mappings = (self.raw.get(key, {}) for key in ("submits", "tenant_info", "owner"))
        return {family for mapping in mappings for family in self._parse(dict.keys, mapping)}

    def _put(self, key: str, value: Any) -> None:
        if value:
            self.raw[key] = value
        else:
            self.raw.pop(key, None)
        if _OWN_KEYS & self.raw.keys():
            self.raw["version"] = STATE_VERSION
        else:
            self.raw.pop("version", None)

    def _parse_list(self, parse: Callable[[Any], _T], values: Any) -> list[_T]:
        return self._parse(lambda values: [parse(value) for value in values], values)

    def _parse(self, parse: Callable[[Any], _T], value: Any) -> _T:
        try:
            return parse(value)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            msg = (
                f"The state of stream '{self.stream}' is not readable ({error!r}); restore an "
                "earlier state, or remove this stream from it to read from start_date again"
            )
            raise StateError(msg) from error


def stream_states(state: Mapping[str, Any]) -> Iterator[StreamState]:
    """Yield a view of the state of each stream."""
    for name, raw in state.get("bookmarks", {}).items():
        yield StreamState(name, raw)


def read_state(state: Any) -> dict[str, Any]:
    """Return a whole state in the present layout, validated before any stream runs.

    Raises:
        StateError: The state cannot be used.
    """
    state = _unpack(_unwrap(state))
    bookmarks = {name: upgrade(name, raw) for name, raw in _stream_states(state).items()}
    for name, raw in bookmarks.items():
        stream = StreamState(name, raw)
        stream.bookmark()
        stream.quota_stopped_at()
        stream.latest_collected()
        stream.history()
        stream.pending_jobs()
        stream.column_map()
        stream.column_types()
        stream.absent_columns()
        stream.row_meaning()
        stream.narrow_windows()
        stream.date_orders()
        stream.date_votes()
        for family in stream.families():
            stream.submit_times(family)
            stream.tenant_info(family)
            stream.owner(family)
    return {**state, "bookmarks": bookmarks}


def _unwrap(state: Any) -> Any:
    """Return the state itself if it is wrapped as Meltano prints or stores it."""
    for wrapper in ("completed", "singer_state"):
        if isinstance(state, dict) and "bookmarks" not in state and wrapper in state:
            state = state[wrapper]
    return state


def _unpack(state: Any) -> Any:
    """Return the state with the details of its streams, if they are packed."""
    if not isinstance(state, dict) or state.keys().isdisjoint({PACKED_DETAILS, PACKED_STREAMS}):
        return state
    try:
        return unpack_state({**state, "bookmarks": _stream_states(state)})
    except ValueError as error:
        msg = (
            f"A packed text of the state is not readable ({error!r}); restore an earlier state, or "
            "remove the text to read on from the bookmarks beside it"
        )
        raise StateError(msg) from error


def _stream_states(state: Any) -> dict[str, dict[str, Any]]:
    bookmarks = state.get("bookmarks", {}) if isinstance(state, dict) else None
    if isinstance(state, dict) and state and "bookmarks" not in state:
        bookmarks = None  # another object, such as a STATE message, would count as an empty state
    if not isinstance(bookmarks, dict) or not all(isinstance(s, dict) for s in bookmarks.values()):
        msg = (
            'The state is not {"bookmarks": {stream: {…}}}; pass the state that an earlier run '
            'wrote, or the "value" of a STATE message'
        )
        raise StateError(msg)
    return bookmarks
