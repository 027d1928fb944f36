"""Contract of every family: what follows a failed submit, as docs/retries.md lists it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tap_cxone.errors import AmbiguousSubmit, Throttled, Unavailable
from tap_cxone.simulator import Fault
from tests.contract.scenes import (
    CONTRACT_SCENES,
    assert_complete,
    assert_nothing_emitted,
    pending_ids,
    run_scene,
    scenes_that_can,
    scenes_that_cannot,
)
from tests.support.expectations import failure
from tests.support.scene import Ability

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_cxone.simulator import Simulator
    from tests.support.scene import Scene

RETRIES = Path(__file__).parents[2] / "docs" / "retries.md"
REFUSED_FOR_NOW = (409, 429, 503)
LOST = (408, 425, 500, 502, 504)
REFUSED = (400, 403, 404, 405, 407, 410, 413, 422)
RENEWED = (401,)
FOR_NOW = pytest.mark.parametrize("status", REFUSED_FOR_NOW)
FOR_GOOD = pytest.mark.parametrize("status", REFUSED)
UNCLEAR = pytest.mark.parametrize("status", LOST)


def fail_submit(scene: Scene, sim: Simulator, kind: str = "status", **how: int) -> None:
    """Let the next request that creates a job fail."""
    sim.faults.add(Fault(scene.submits[-1], kind, **how))  # type: ignore[arg-type]


def submit_statuses(scene: Scene, sim: Simulator) -> list[int | None]:
    """Return the status of the response to each submit."""
    return [seen.status for seen in scene.sent(sim, "submit")]


def ok(statuses: Iterable[int | None]) -> int:
    """Count the successful responses."""
    return sum(status in {200, 201, 202} for status in statuses)


def test_submit_statuses_are_those_of_the_document():
    """The contract has every status for which docs/retries.md says what follows a submit."""
    table = RETRIES.read_text("utf-8").partition("<!-- statuses -->")[2]
    documented = set(map(int, re.findall(r"^\| (\d+) \|", table, re.MULTILINE)))

    assert documented <= {*REFUSED_FOR_NOW, *LOST, *REFUSED, *RENEWED}


@pytest.mark.promise("no-double-submit")
def assert_repeated_once(scene, sim, out, status):
    """Assert that the run is complete after one failed submit, with one job per window."""
    assert_complete(scene, sim, out)
    assert submit_statuses(scene, sim).count(status) == 1
    assert ok(submit_statuses(scene, sim)) == scene.windows


@pytest.mark.some(5)
@FOR_NOW
@scenes_that_can(Ability.JOBS)
def test_submit_refused_for_now_is_repeated(simulate, clock, scene, status):
    """A submit that the API refuses for now is sent again, and each window has one job."""
    sim = simulate(rows_per_day=4, **scene.options)
    fail_submit(scene, sim, status=status)

    out = run_scene(scene, sim, clock)

    assert_repeated_once(scene, sim, out, status)
    assert sim.limit_violations == 0


@pytest.mark.some(5)
@scenes_that_can(Ability.JOBS)
def test_submit_refused_for_now_waits_for_retry_after(simulate, clock, scene):
    """A submit that is refused with a Retry-After comes again after exactly that time."""
    sim = simulate(**scene.options)
    headers = (("Retry-After", "300"),)
    sim.faults.add(Fault(scene.submits[-1], "status", status=429, headers=headers))

    run_scene(scene, sim, clock)

    first, second, *_ = scene.sent(sim, "submit")
    assert second.at - first.at == timedelta(seconds=300)


@pytest.mark.some(5)
@scenes_that_can(Ability.JOBS)
def test_submit_throttled_for_ever_fails_at_the_throttle_timeout(simulate, clock, scene):
    """An API that always says 'wait' ends the stream in time, and the error names the setting."""
    sim = simulate(**scene.options)
    fail_submit(scene, sim, status=429, times=1000)
    began = clock.now()

    out = run_scene(scene, sim, clock, throttle_timeout_minutes=12)

    assert isinstance(failure(out), Throttled)
    assert "throttle_timeout_minutes" in str(failure(out))
    assert timedelta(minutes=6) < clock.now() - began <= timedelta(minutes=12)
    assert_nothing_emitted(scene, out)


@pytest.mark.some(5)
@scenes_that_can(Ability.JOBS)
def test_submit_unavailable_for_ever_fails_after_max_retries(simulate, clock, scene):
    """A 503 that does not pass ends the stream after `max_retries` more submits."""
    sim = simulate(**scene.options)
    fail_submit(scene, sim, status=503, times=1000)

    out = run_scene(scene, sim, clock, max_retries=2)

    assert isinstance(failure(out), Unavailable)
    assert "max_retries" in str(failure(out))
    assert submit_statuses(scene, sim) == [503] * 3
    assert_nothing_emitted(scene, out)


@pytest.mark.promise("no-double-submit")
@pytest.mark.some(7)
@FOR_GOOD
@scenes_that_can(Ability.JOBS)
def test_submit_refused_for_good_is_not_repeated(simulate, clock, scene, status):
    """A submit that the API refuses for good ends the stream, which submits nothing more."""
    if status in scene.repeatable:
        pytest.skip("repeated: test_submit_that_harms_nothing_is_repeated")
    sim = simulate(**scene.options)
    fail_submit(scene, sim, status=status)

    out = run_scene(scene, sim, clock)

    assert str(status) in str(failure(out))
    assert submit_statuses(scene, sim) == [status]
    assert_nothing_emitted(scene, out)


@pytest.mark.promise("no-double-submit")
@pytest.mark.some(7)
@UNCLEAR
@scenes_that_can(Ability.JOBS, Ability.JOB_LIST)
def test_submit_without_a_listed_job_is_repeated(simulate, clock, scene, status):
    """After a status that leaves it open, the list shows no new job, and the submit is repeated."""
    sim = simulate(rows_per_day=4, **scene.options)
    fail_submit(scene, sim, status=status)

    out = run_scene(scene, sim, clock)

    assert_complete(scene, sim, out)
    failed, repeated, *_ = scene.sent(sim, "submit")
    between = sim.requests[sim.requests.index(failed) : sim.requests.index(repeated)]
    assert [seen for seen in between if seen in scene.sent(sim, "listing")]
    assert submit_statuses(scene, sim).count(status) == 1
    assert ok(submit_statuses(scene, sim)) == scene.windows


@pytest.mark.promise("no-double-submit")
@pytest.mark.some(3)
@UNCLEAR
@scenes_that_cannot(Ability.JOB_LIST, Ability.JOBS)
def test_submit_of_an_api_without_a_list_counts_as_spent(simulate, clock, scene, status):
    """Without a list such a submit is not repeated in this run; the next run reads the window."""
    if status in scene.repeatable:
        pytest.skip("repeated: test_submit_that_harms_nothing_is_repeated")
    sim = simulate(rows_per_day=4, **scene.options)
    fail_submit(scene, sim, status=status)

    first = run_scene(scene, sim, clock)
    spent = submit_statuses(scene, sim)
    second = run_scene(scene, sim, clock, state=first.state)

    assert isinstance(failure(first), AmbiguousSubmit)
    assert "no list of jobs, so the submit counts as spent" in str(failure(first))
    assert spent == [status]
    assert pending_ids(scene, first) == []
    assert_nothing_emitted(scene, first)
    assert_complete(scene, sim, second)


@pytest.mark.some(3)
@pytest.mark.parametrize(
    ("scene", "status"),
    [
        pytest.param(scene, status, id=f"{scene.name}-{status}")
        for scene in CONTRACT_SCENES
        for status in scene.repeatable
    ],
)
def test_submit_that_harms_nothing_is_repeated(simulate, clock, scene, status):
    """Where a second job changes nothing, a submit that the server failed is sent again."""
    sim = simulate(rows_per_day=4, **scene.options)
    fail_submit(scene, sim, status=status)

    out = run_scene(scene, sim, clock)

    assert_repeated_once(scene, sim, out, status)


@pytest.mark.promise("no-double-submit")
@pytest.mark.some(5)
@pytest.mark.parametrize("kind", ["reply-lost", "empty", "malformed-json", "truncated"])
@scenes_that_can(Ability.JOBS, Ability.JOB_LIST)
def test_submit_whose_response_was_lost_adopts_its_job(simulate, clock, scene, kind):
    """The job of a lost response is found in the list and read; no second job is made."""
    sim = simulate(rows_per_day=4, **scene.options)
    fail_submit(scene, sim, kind)

    out = run_scene(scene, sim, clock)

    assert_complete(scene, sim, out)
    assert len(scene.sent(sim, "submit")) == scene.windows


@pytest.mark.ci
@pytest.mark.promise("no-double-submit")
@pytest.mark.some(5)
@pytest.mark.parametrize("kind", ["reply-lost", "reset", "html"])
@scenes_that_cannot(Ability.JOB_LIST, Ability.JOBS)
def test_lost_submit_of_an_api_without_a_list_counts_as_spent(simulate, clock, scene, kind):
    """Without a list a lost response ends the stream after one submit; the next run continues."""
    sim = simulate(rows_per_day=4, **scene.options)
    fail_submit(scene, sim, kind)

    first = run_scene(scene, sim, clock)
    number = len(scene.sent(sim, "submit"))
    second = run_scene(scene, sim, clock, state=first.state)

    assert isinstance(failure(first), AmbiguousSubmit)
    assert "counts as spent" in str(failure(first))
    assert number == 1
    assert_complete(scene, sim, second)


@pytest.mark.some(2)
@pytest.mark.parametrize("kind", ["reply-lost", "reset", "empty", "malformed-json", "html"])
@scenes_that_cannot(Ability.JOBS)
def test_request_of_an_api_without_jobs_is_repeated(simulate, clock, scene, kind):
    """Where no request creates a job, one whose response was lost is simply sent again."""
    sim = simulate(rows_per_day=4, **scene.options)
    sim.faults.add(Fault(scene.file_point, kind))

    out = run_scene(scene, sim, clock)

    assert_complete(scene, sim, out)
    assert all("pending_jobs" not in s["bookmarks"].get(scene.stream, {}) for s in out.states)
