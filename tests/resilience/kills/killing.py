"""Run the tap until it is killed: after a line, before a request, or before an answer is read."""

from __future__ import annotations

import contextlib
import io
import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal
from unittest.mock import patch

from requests.adapters import HTTPAdapter

from tap_cxone.tap import TapCXone
from tap_cxone.workers.pool import FamilyWorker
from tests.support.run import FakeClock, Killed, Output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from requests import PreparedRequest, Response

Kind = Literal["line", "before", "after"]
KINDS: tuple[Kind, ...] = ("line", "before", "after")

_PATIENCE = 20  # seconds until a thread ends whose next request is its last

TRIED: Counter[str] = Counter()
"""The interruptions so far, by kind; `conftest` tells them at the end."""


@dataclass(frozen=True)
class Point:
    """Where a run is killed, and how long afterwards the next one begins.

    Attributes:
        kind: After a line has left; before a request is sent, so that it never arrives; after it
            was carried out, with nothing of its answer read.
        number: The how-manieth line or request of the run, from 1.
        pause: Time until the next run.
    """

    kind: Kind
    number: int
    pause: timedelta = timedelta(0)

    def __str__(self) -> str:
        """Show it in a message."""
        return f"{self.kind} {self.number}, then {self.pause}"


@dataclass
class Life:
    """One process: what left it, its requests, and whether it is dead.

    Nothing that it does once it is dead counts: a process that is gone writes and asks no more,
    whatever its `finally` blocks say.
    """

    point: Point | None = None
    lines: list[bytes] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    dead: bool = False
    counting: threading.Lock = field(default_factory=threading.Lock)
    error: BaseException | None = None
    dies: Callable[[], None] = lambda: None

    def happens(self, kind: Kind, number: int) -> None:
        """Die, if it is time."""
        if self.point is not None and (self.point.kind, self.point.number) == (kind, number):
            self.dead = True
            TRIED[kind] += 1
            self.dies()
        if self.dead:
            raise Killed

    @property
    def output(self) -> Output:
        """Return what left, as messages."""
        return Output([json.loads(line) for line in self.lines], self.error)


class _LivePipe(io.RawIOBase):
    """Standard output; whatever was written and flushed has left."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._rest = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if not self._life.dead:
            *lines, self._rest = (self._rest + bytes(data)).split(b"\n")
            for line in lines:
                self._life.lines.append(line)
                self._life.happens("line", len(self._life.lines))
        return len(data)


@contextlib.contextmanager
def _wire(life: Life) -> Iterator[None]:
    """Count the requests of every session, logins and downloads too."""
    sending = HTTPAdapter.send

    def send(self: HTTPAdapter, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        if life.dead:
            raise Killed
        with life.counting:
            life.asked.append(f"{request.method} {(request.url or '').split('/', 3)[-1]}")
            number = len(life.asked)
        life.happens("before", number)
        response = sending(self, request, *args, **kwargs)
        try:
            life.happens("after", number)
        except Killed:
            response.close()
            raise
        return response

    with patch.object(HTTPAdapter, "send", send):
        yield


def live(  # noqa: PLR0913 (all by name but the first three)
    config: dict[str, Any],
    clock: FakeClock,
    streams: tuple[str, ...],
    *,
    state: dict[str, Any] | None = None,
    point: Point | None = None,
    dies: Callable[[], None] = lambda: None,
) -> Life:
    """Run the tap to its end, or until it is killed.

    Args:
        config: The settings; families do not fetch side by side unless they say so.
        clock: The time, shared with the simulator.
        streams: What is selected, in a catalog that was discovered with the state, as Meltano does.
        state: Where to continue.
        point: Where it is killed; None: nowhere.
        dies: What is done at that moment, to keep what a file was like then.
    """
    life = Life(point, dies=dies)
    state = json.loads(json.dumps(state)) if state else None
    catalog = _selected(config, streams, state)
    out = io.TextIOWrapper(io.BufferedWriter(_LivePipe(life), buffer_size=1), encoding="utf-8")
    with contextlib.redirect_stdout(out), _wire(life):
        try:
            TapCXone(
                config={"parallel_families": False, **config},
                clock=clock,
                state=state,
                catalog=catalog,
            ).sync_all()
            out.flush()
        except (Exception, SystemExit, Killed) as caught:  # noqa: BLE001 (the test judges it)
            life.error = caught
        for thread in threading.enumerate():
            if isinstance(thread, FamilyWorker):  # of this life: none may reach into the next one
                thread.join(_PATIENCE)
    with contextlib.suppress(Killed, ValueError):
        out.close()
    return life


def _selected(
    config: dict[str, Any], streams: tuple[str, ...], state: dict[str, Any] | None
) -> dict[str, Any]:
    tap = TapCXone(config=dict(config), state=state, validate_config=False, setup_mapper=False)
    catalog = tap.catalog_dict
    for stream in catalog["streams"]:
        for item in stream["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = stream["tap_stream_id"] in streams
    return catalog
