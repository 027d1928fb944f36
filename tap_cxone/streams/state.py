"""Typed view of a stream's state, which is plain JSON.

Keys of one stream's state beside its bookmark, all optional:

```
pending_jobs   [{"id", "start", "end", "submitted_at", "fingerprint"}]  submitted, not committed
submits        {family: ["2026-01-31T00:00:00+00:00", …]}   submits that still count for a limit
columns        [{"name", "description"}]                    learned from files
tenant_info    {family: {name: value}}                      facts about the tenant
failed         true                                         the stream failed in its last run
window_days    2                                            wider windows timed out
window_days_at "2026-01-31T00:00:00+00:00"                  when the last one timed out
stopped_at     "2026-01-31T00:00:00+00:00"                  a quota stopped the stream
version        1                                            layout of the keys above
```

`docs/state.md` describes each key. Layout 0 has no `version` and calls the tenant info `traits`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from tap_cxone.clock import iso, parse_instant
from tap_cxone.errors import StateError
from tap_cxone.jobs.job import Job
from tap_cxone.rows.columns import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

STATE_VERSION = 1
"""Layout of the keys that this tap writes; a later layout is refused, an earlier one upgraded."""

_OWN_KEYS = {
    "pending_jobs",
    "submits",
    "columns",
    "tenant_info",
    "failed",
    "window_days",
    "window_days_at",
    "stopped_at",
}

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

    def mark_failed(self, *, failed: bool) -> None:
        """Store whether the stream failed."""
        self._put("failed", failed)

    @property
    def window_days(self) -> int | None:
        """Return the maximum days of a window, stored after a longer window timed out."""
        days = self.raw.get("window_days")
        return days if isinstance(days, int) and days > 0 else None

    def window_days_at(self) -> datetime | None:
        """Return the instant at which `window_days` was stored."""
        value = self.raw.get("window_days_at")
        return None if value is None else self._parse(parse_instant, value)

    def set_window_days(self, days: int, at: datetime) -> None:
        """Store the maximum days of a window, and when they became fewer."""
        self._put("window_days", days)
        self._put("window_days_at", iso(at))

    def quota_stopped_at(self) -> datetime | None:
        """Return when a quota last stopped the stream; None if it never did."""
        value = self.raw.get("stopped_at")
        return None if value is None else self._parse(parse_instant, value)

    def set_quota_stopped_at(self, at: datetime) -> None:
        """Store when a quota stopped the stream."""
        self._put("stopped_at", iso(at))

    def columns(self) -> list[Column]:
        """Return the columns that earlier runs learned from files."""
        return self._parse_list(_parse_column, self.raw.get("columns", []))

    def add_columns(self, columns: Iterable[Column]) -> None:
        """Store more columns."""
        all_columns = [*self.columns(), *columns]
        self._put("columns", [{"name": c.name, "description": c.description} for c in all_columns])

    def tenant_info(self, family: str) -> dict[str, Any]:
        """Return the tenant info of a family from earlier runs."""
        return self._parse(lambda raw: dict(raw.get(family, {})), self.raw.get("tenant_info", {}))

    def set_tenant_info(self, family: str, tenant_info: Mapping[str, Any]) -> None:
        """Store the tenant info of a family."""
        self._put("tenant_info", {family: dict(tenant_info)} if tenant_info else {})

    def families(self) -> set[str]:
        """Return the families whose submit times or tenant info are stored."""
        mappings = (self.raw.get(key, {}) for key in ("submits", "tenant_info"))
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


def merge_tenant_info(base: dict[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tenant info of two streams merged; the newer version of an entry wins."""
    result = dict(base)
    for name, value in other.items():
        old = result.get(name)
        if not isinstance(old, dict) or not isinstance(value, dict):
            result[name] = value
        elif "version" in old:
            result[name] = max(old, value, key=_version)
        else:
            result[name] = old | value
    return result


def _version(entry: Mapping[str, Any]) -> int:
    version = entry.get("version")
    return version if isinstance(version, int) else 0


def read_state(state: Any) -> dict[str, Any]:
    """Return a whole state in the present layout, validated before any stream runs.

    Raises:
        StateError: The state cannot be used.
    """
    state = _unwrap(state)
    bookmarks = {name: _upgrade(name, raw) for name, raw in _stream_states(state).items()}
    for name, raw in bookmarks.items():
        stream = StreamState(name, raw)
        stream.bookmark()
        stream.quota_stopped_at()
        stream.pending_jobs()
        stream.columns()
        stream.window_days_at()
        for family in stream.families():
            stream.submit_times(family)
            stream.tenant_info(family)
    return {**state, "bookmarks": bookmarks}


def _unwrap(state: Any) -> Any:
    """Return the state itself if it is wrapped as `meltano state get` prints it."""
    wrapped = isinstance(state, dict) and state.keys() == {"singer_state"}
    return state["singer_state"] if wrapped else state


def _stream_states(state: Any) -> dict[str, dict[str, Any]]:
    bookmarks = state.get("bookmarks", {}) if isinstance(state, dict) else None
    if isinstance(state, dict) and "bookmarks" not in state and "value" in state:
        bookmarks = None  # a whole STATE message would be read as an empty state
    if not isinstance(bookmarks, dict) or not all(isinstance(s, dict) for s in bookmarks.values()):
        msg = (
            'The state is not {"bookmarks": {stream: {…}}}; pass the state that an earlier run '
            'wrote, or the "value" of a STATE message'
        )
        raise StateError(msg)
    return bookmarks


def _upgrade(stream: str, raw: dict[str, Any]) -> dict[str, Any]:
    """Return the state of one stream in the present layout; the SDK's keys stay as they are."""
    version = raw.get("version", 0)
    if type(version) is int and version == STATE_VERSION:
        return raw
    if type(version) is not int or version != 0:
        msg = (
            f"The state of stream '{stream}' has layout version {version!r}; this tap-cxone reads "
            f"versions up to {STATE_VERSION}. Install the version that wrote it or a newer one, or "
            "restore an earlier state"
        )
        raise StateError(msg)
    if "traits" not in raw:
        return raw
    upgraded = {key: value for key, value in raw.items() if key != "traits"}
    return {**upgraded, "tenant_info": raw["traits"], "version": STATE_VERSION}


def _parse_column(raw: dict[str, Any]) -> Column:
    return Column(str(raw["name"]), description=str(raw.get("description", "")))
