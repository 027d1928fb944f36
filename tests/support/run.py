"""Run the tap inside the test process, under a clock turned by hand, and read what it wrote."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tap_cxone.families.registry import FAMILIES, settings_schema
from tap_cxone.tap import TapCXone

DEFAULT_FAMILY = FAMILIES[0].name
"""The family that `settings_for` sets up if no other is named."""
NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)
"""The present of most tests; an ordinary day without a change of clocks nearby."""
_NOT_IN_CATALOG = {
    *("audit_log_path", "base_url", "batch_config", "completion_webhook", "end_date", "endpoints"),
    *("journal", "parallel_families", "start_date", "summary_json", "audit_log_params"),
}
"""Settings that change nothing in a catalog; they differ between tests."""


@dataclass
class FakeClock:
    """A clock that moves only by sleeps, or when a test sets it."""

    instant: datetime = NOON
    slept: list[timedelta] = field(default_factory=list)
    moving: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def now(self) -> datetime:
        return self.instant

    def sleep(self, duration: timedelta) -> None:
        if duration > timedelta(0):
            self.slept.append(duration)
            with self.moving:  # families that sleep side by side must not turn it back
                self.instant += duration


def lines_of(text: str) -> list[str]:
    """Return the lines of what a process wrote: a value may hold other separators of lines."""
    return text.removesuffix("\n").split("\n")


class Killed(BaseException):
    """The process would be gone now."""


class _CutPipe(io.RawIOBase):
    """Standard output, which may be cut after a number of lines."""

    def __init__(self, cut_after: int | None) -> None:
        self.lines: list[bytes] = []
        self._rest = b""
        self._cut_after = cut_after

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        *lines, self._rest = (self._rest + bytes(data)).split(b"\n")
        for line in lines:
            self.lines.append(line)
            if self._cut_after is not None and len(self.lines) >= self._cut_after:
                raise Killed
        return len(data)


@dataclass
class Output:
    """What a run wrote, and how it ended."""

    messages: list[dict[str, Any]]
    error: BaseException | None = None

    def of(self, kind: str, stream: str | None = None) -> list[dict[str, Any]]:
        """Return the messages of a type, of one stream if named."""
        found = [message for message in self.messages if message["type"] == kind]
        return [m for m in found if stream is None or m.get("stream") == stream]

    def records(self, stream: str) -> list[dict[str, Any]]:
        """Return the records of a stream, in the order they left."""
        return [message["record"] for message in self.of("RECORD", stream)]

    @property
    def states(self) -> list[dict[str, Any]]:
        """Return every state, in the order they left."""
        return [message["value"] for message in self.of("STATE")]

    @property
    def state(self) -> dict[str, Any]:
        """Return the last state that left."""
        return self.states[-1]

    def bookmark(self, stream: str) -> str | None:
        """Return where a stream's bookmark stands at the end."""
        found = self.state["bookmarks"].get(stream, {}).get("replication_key_value")
        return None if found is None else str(found)

    def counts(self) -> Counter[str]:
        """Count the records by stream."""
        return Counter(message["stream"] for message in self.of("RECORD"))


def run_tap(  # noqa: PLR0913 (all by name but the settings)
    config: dict[str, Any],
    *,
    clock: FakeClock,
    state: dict[str, Any] | None = None,
    catalog: dict[str, Any] | None = None,
    only: str | None = None,
    cut_after: int | None = None,
    tap_class: type[TapCXone] = TapCXone,
) -> Output:
    """Run the tap to its end, or until `cut_after` lines have left.

    Args:
        config: The settings; families do not fetch side by side unless they say so.
        clock: The time, shared with the simulator.
        state: Where to continue.
        catalog: What to select.
        only: The one stream to select, in place of a catalog.
        cut_after: After how many lines the process is killed.
        tap_class: The tap, with the families of the registry by default.
    """
    pipe = _CutPipe(cut_after)
    out = io.TextIOWrapper(io.BufferedWriter(pipe, buffer_size=1), encoding="utf-8")
    error: BaseException | None = None
    state = json.loads(json.dumps(state)) if state else None
    with contextlib.redirect_stdout(out):
        try:
            if only is not None:
                catalog = select(config, only, tap_class=tap_class)
            tap_class(
                config={"parallel_families": False, **config},
                clock=clock,
                state=state,
                catalog=catalog,
            ).sync_all()
            out.flush()
        except (Exception, SystemExit, Killed) as caught:  # noqa: BLE001 (the test judges it)
            error = caught
    with contextlib.suppress(Killed, ValueError):
        out.close()
    return Output([json.loads(line) for line in pipe.lines], error)


def without_owner(state: dict[str, Any]) -> dict[str, Any]:
    """Return a state that does not say whose it is, as earlier versions wrote it."""
    bookmarks = {
        name: {key: value for key, value in raw.items() if key != "owner"}
        for name, raw in state["bookmarks"].items()
    }
    return {**state, "bookmarks": bookmarks}


@functools.cache
def tap_of(*families: str) -> type[TapCXone]:
    """Return the tap with these families only.

    A third of the time of a short run is that of the streams of all other families. Runs of whole
    processes, the SDK's suite and the tests of several families have them all.
    """
    chosen = [found for found in FAMILIES if found.name in families]
    schema = settings_schema(FAMILIES)
    return type("TapCXone", (TapCXone,), {"families": chosen, "config_jsonschema": schema})


def select(
    config: dict[str, Any],
    *names: str,
    state: dict[str, Any] | None = None,
    tap_class: type[TapCXone] = TapCXone,
) -> dict[str, Any]:
    """Return the catalog of these streams, selected, as the tap discovers it with a state.

    A stream that is missing is not selected. The SDK handles each stream of a catalog several
    times, which takes half of the time of a short run.
    """
    entries = _entries(config, state, tap_class)
    return {"streams": [_entry(found, True) for name, found in entries.items() if name in names]}


def whole_catalog(config: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return the tap's catalog with only these streams selected."""
    entries = _entries(config, None, TapCXone)
    return {"streams": [_entry(found, name in names) for name, found in entries.items()]}


@functools.cache
def offline_catalog(*streams: str) -> dict[str, Any]:
    """Return a catalog with only these streams selected, discovered with invented credentials."""
    names = ("access_key_id", "access_key_secret", "client_id", "client_secret")
    return select(dict.fromkeys(names, "any"), *streams)


def _entry(discovered: dict[str, Any], selected: bool) -> dict[str, Any]:
    """Return a copy of an entry."""
    entry: dict[str, Any] = json.loads(json.dumps(discovered))
    for item in entry["metadata"]:
        if not item["breadcrumb"]:
            item["metadata"]["selected"] = selected
    return entry


def _entries(
    config: dict[str, Any], state: dict[str, Any] | None, tap_class: type[TapCXone]
) -> dict[str, dict[str, Any]]:
    """Return the entries of the tap's catalog by stream; tests share them."""
    config = {name: value for name, value in config.items() if name not in _NOT_IN_CATALOG}
    return _discovered(json.dumps(config), json.dumps(state), tap_class)


@functools.lru_cache(maxsize=256)
def _discovered(config: str, state: str, tap_class: type[TapCXone]) -> dict[str, dict[str, Any]]:
    tap = tap_class(
        config=json.loads(config),
        state=json.loads(state),
        validate_config=False,
        setup_mapper=False,
    )
    return {entry["tap_stream_id"]: entry for entry in tap.catalog_dict["streams"]}
