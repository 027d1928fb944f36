"""`families`: the other families have no stream, do not log in, and count nowhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.errors import ConfigError
from tap_cxone.families.registry import FAMILIES
from tap_cxone.simulator.settings import ALL_FAMILIES, tap_settings
from tap_cxone.tap import TapCXone
from tests.support.examples import csv_jobs, quota_jobs
from tests.support.run import offline_catalog, run_tap

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock

ONE = quota_jobs.FAMILY
STREAMS = {family.name: set(family.module.BUILT_IN_STREAMS) for family in FAMILIES}


def of_one_day(sim: Simulator, *families: str, **changes: Any) -> dict[str, Any]:
    """Return settings with credentials for all families and a window of one day."""
    span = {"start_date": "2026-03-18T00:00:00Z", "end_date": "2026-03-19T00:00:00Z"}
    return {
        **tap_settings(sim.url, families=ALL_FAMILIES),
        **span,
        "families": list(families),
    } | changes


def open_tap(sim: Simulator, clock: FakeClock, *families: str, **changes: Any) -> TapCXone:
    return TapCXone(config=of_one_day(sim, *families, **changes), clock=clock)


def test_catalog_has_the_streams_of_the_named_families_only(sim, clock):
    """Discovery follows `families`; the tap's own streams belong to all."""
    tap = open_tap(sim, clock, ONE)

    assert tap.streams.keys() == STREAMS[ONE] | {"quarantine", "extraction_log"}
    assert {entry["tap_stream_id"] for entry in tap.catalog_dict["streams"]} == tap.streams.keys()


def test_catalog_without_families_has_all_streams(sim, clock):
    """An empty list is the default: all families run."""
    assert open_tap(sim, clock).streams.keys() >= set().union(*STREAMS.values())


def test_run_of_one_family_requests_nothing_of_the_others(sim, clock):
    """Without a list of streams, only the named family logs in and submits."""
    out = run_tap(of_one_day(sim, ONE), clock=clock)

    assert out.error is None
    assert set() < out.counts().keys() <= STREAMS[ONE]
    assert [r.path for r in sim.requests if r.path.endswith("/token")] == ["/auth/token"]
    assert {r.path.split("/")[1] for r in sim.requests} == {
        "auth",
        "files",
        "observabilitydashboard",
    }


def test_catalog_of_all_families_runs_the_named_one_only(sim, clock):
    """A catalog may select streams of other families; they are not read."""
    catalog = offline_catalog(*STREAMS[ONE], "qm_workflows")

    out = run_tap(of_one_day(sim, ONE), clock=clock, catalog=catalog)

    assert out.error is None
    assert "qm_workflows" not in out.counts()
    assert out.counts().keys() <= STREAMS[ONE]
    assert not [r for r in sim.requests if "data-extraction" in r.path]


def test_plan_has_the_named_families_only(sim, clock):
    """`--plan` counts the named family, and says of no other that it is not set up."""
    tap = TapCXone(
        config={
            **of_one_day(sim, csv_jobs.FAMILY),
            "client_id": None,
            "client_secret": None,
        },
        clock=clock,
    )

    assert [plan.family for plan in tap.plans()] == [csv_jobs.FAMILY]
    assert tap.setup_hints() == {}


def test_connection_test_tries_the_named_families_only(sim, clock):
    """`--test` neither logs in to another family nor has a line of it."""
    results = list(open_tap(sim, clock, ONE).connection_checks())

    assert {result.family for result in results} == {ONE}
    assert {r.path.split("/")[1] for r in sim.requests} <= {"auth", "observabilitydashboard"}


def test_jobs_of_other_families_in_the_state_are_no_orphans(sim, clock):
    """`--jobs` says nothing of a family that does not run, since its settings are there."""
    job = {
        "id": "job-of-another-family",
        "start": "2026-03-18T00:00:00+00:00",
        "end": "2026-03-19T00:00:00+00:00",
        "submitted_at": "2026-03-20T11:00:00+00:00",
        "fingerprint": "any",
    }
    state = {"bookmarks": {"qm_workflows": {"pending_jobs": [job], "version": 2}}}
    tap = TapCXone(config=of_one_day(sim, ONE), clock=clock, state=state)

    assert "job-of-another-family" not in " ".join(map(str, tap.list_jobs(cancel=False)))


def test_run_of_one_family_leaves_the_state_of_the_others(sim, clock):
    """The state of other families is passed on as it came, so runs of one each can follow."""
    other = {"replication_key": "_window_end", "replication_key_value": "2026-03-01T00:00:00+00:00"}

    out = run_tap(
        of_one_day(sim, ONE), clock=clock, state={"bookmarks": {"qm_workflows": dict(other)}}
    )

    assert out.state["bookmarks"]["qm_workflows"] == other


def test_missing_credentials_of_other_families_are_not_reported(sim, clock, caplog):
    """Only families that run need credentials."""
    config = of_one_day(sim, csv_jobs.FAMILY, client_id=None, client_secret=None)

    TapCXone(config=config, clock=clock)

    assert "Streams deselected" not in caplog.text


def test_reload_of_a_stream_of_another_family_is_accepted(sim, clock):
    """One config serves all shards: a setting may name a stream that does not run now."""
    span = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}
    reload = [{"id": "march", "streams": ["qm_workflows"], **span}]

    assert open_tap(sim, clock, ONE, reload=reload).settings.reload


def test_family_that_does_not_exist_is_an_error_with_the_names(sim, clock):
    """A mistyped family is found before any request."""
    with pytest.raises(ConfigError) as caught:
        open_tap(sim, clock, "observabillity")

    (problem,) = caught.value.problems
    assert problem.startswith(f"families.0 is 'observabillity'; use one of {csv_jobs.FAMILY}, ")
    assert sim.requests == []


def test_family_without_credentials_names_what_is_missing():
    """`families` does not hide which settings the named family needs."""
    with pytest.raises(ConfigError, match=rf"{quota_jobs.FAMILY} needs .*client_id") as caught:
        TapCXone(config={"families": [ONE], "access_key_id": "k", "access_key_secret": "s"})

    assert csv_jobs.FAMILY not in json.dumps(caught.value.problems)
