"""A simulator in a separate process: what it costs to serve does not count for a candidate."""

from __future__ import annotations

import multiprocessing
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tap_cxone.simulator import Options, Simulator
from tests.support.run import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from multiprocessing.connection import Connection

    from tap_cxone.simulator import Fault


@contextmanager
def serving(answers: Sequence[Fault]) -> Iterator[Callable[[], AbstractContextManager[str]]]:
    """Start the process; what is yielded serves `answers` in each `with` block, at a URL."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(theirs, answers), daemon=True
    )
    process.start()

    @contextmanager
    def serve() -> Iterator[str]:
        ours.send("begin")
        url: str = ours.recv()
        try:
            yield url
        finally:
            ours.send("end")

    try:
        yield serve
    finally:
        ours.send(None)
        process.join()


def _serve(pipe: Connection, answers: Sequence[Fault]) -> None:
    while pipe.recv():
        options = Options(rows_per_day=1, job_seconds=0)
        with Simulator(options, clock=FakeClock()) as sim:
            sim.faults.add(*answers)
            pipe.send(sim.url)
            pipe.recv()
