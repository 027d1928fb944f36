"""The two limits of the Observability Dashboard: four months back, three exports in 24 hours."""

from __future__ import annotations

import functools
import json
import logging
import re
import socket
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from dateutil.relativedelta import relativedelta
from requests.adapters import HTTPAdapter

from tap_cxone.errors import AmbiguousSubmit, ApiError, QuotaExhausted, StreamsFailed
from tap_cxone.simulator import Credentials, Fault
from tap_cxone.simulator.settings import ALL_FAMILIES, tap_settings
from tests.support.observability import AQ, AS, BASE, FAMILY, GR, KB, OFFLINE, PATHS
from tests.support.run import NOON, Killed, run_tap, select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from requests import PreparedRequest, Response

    from tap_cxone.simulator import RecordedRequest, Simulator
    from tests.support.run import FakeClock, Output

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def simulate(simulate: Callable[..., Simulator]) -> Callable[..., Simulator]:
    """Return the shared function; exports are done when they are first asked for, rows are few."""
    return functools.partial(simulate, job_seconds=3, rows_per_day=2)


def settings(sim: Simulator, start: str, end: str | None = None, **family: Any) -> dict[str, Any]:
    """Return settings for a period, a window a day unless said otherwise."""
    return {
        **tap_settings(sim.url, families=FAMILY),
        "start_date": start,
        "end_date": end,
        "observability": {"window_days": 1, **family},
    }


def months(sim: Simulator, start: str, end: str | None = None, **family: Any) -> dict[str, Any]:
    """Return settings for a period with windows as long as they are by default."""
    return settings(sim, start, end, **family, window_days=None)


@functools.cache
def catalog(*streams: str) -> dict[str, Any]:
    """Return a catalog with some streams selected."""
    return select(OFFLINE, *streams)


def run(config: dict[str, Any], clock: FakeClock, *streams: str, **how: Any) -> Output:
    """Run some streams, the knowledge suggestions if none is named."""
    return run_tap(config, clock=clock, catalog=catalog(*(streams or [KB])), **how)


def submits(sim: Simulator) -> list[RecordedRequest]:
    """Return the submits so far."""
    return [seen for seen in sim.requests if seen.path.endswith("/export-data")]


def tables(sim: Simulator) -> list[str]:
    """Return the table of each submit so far."""
    return [re.sub(rf"{BASE}/(.*)/export-data", r"\1", seen.path) for seen in submits(sim)]


def starts(sim: Simulator) -> list[str]:
    """Return the first day of each submit so far."""
    return [json.loads(seen.body)["dateRange"]["startDate"][:10] for seen in submits(sim)]


def failure(out: Output, stream: str = KB) -> Exception:
    """Return why a stream failed."""
    assert isinstance(out.error, StreamsFailed)
    return out.error.failures[stream]


def warnings(caplog: pytest.LogCaptureFixture, about: str) -> list[str]:
    """Return the warnings logged so far that hold some words."""
    said = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    return [text for text in said if about in text]


def keys(records: Iterable[dict[str, Any]]) -> set[tuple[str, ...]]:
    """Return what tells records apart, as the truth has it."""
    return {(r["interaction_id"], r.get("question_number") or r.get("turn") or "") for r in records}


def truth(
    sim: Simulator, stream: str, start: date | datetime, end: date | datetime
) -> set[tuple[str, ...]]:
    """Return the same of the rows that there are."""
    rows = sim.expected_rows(PATHS[stream], start, end)
    return {
        (row["Interaction ID"], row.get("Question Number") or row.get("Turn") or "") for row in rows
    }


def spend(sim: Simulator, times: int) -> None:
    """Export as another client of the tenant does."""
    login = requests.post(
        f"{sim.url}/auth/token",
        data={
            "grant_type": "password",
            "client_id": Credentials.CLIENT_ID,
            "client_secret": Credentials.CLIENT_SECRET,
            "username": Credentials.ACCESS_KEY_ID,
            "password": Credentials.ACCESS_KEY_SECRET,
        },
        timeout=9,
    )
    for _ in range(times):
        answer = requests.post(
            f"{sim.url}{BASE}/Copilot/AQTable/export-data",
            json={
                "dateRange": {
                    "startDate": "2026-03-18T00:00:00.000Z",
                    "endDate": "2026-03-18T12:00:00.000Z",
                },
                "timeZone": "UTC",
            },
            headers={"Authorization": f"Bearer {login.json()['access_token']}"},
            timeout=9,
        )
        assert answer.status_code == 202


# Four months


def test_a_start_before_the_limit(sim, clock, caplog):
    """A start too long ago is moved; one warning says what was asked and what is possible."""
    out = run(months(sim, "2025-02-01T00:00:00Z"), clock)

    (warning,) = warnings(caplog, "2025-02-01")
    assert out.error is None
    assert min(starts(sim)) == "2025-11-21"
    assert "2025-11-21" in warning


def test_one_warning_for_all_tables(sim, clock, caplog):
    """That is said once, however many tables it concerns."""
    run(months(sim, "2025-02-01T00:00:00Z"), clock, *PATHS)

    assert len(warnings(caplog, "2025-02-01")) == 1


def test_a_start_within_the_limit(sim, clock, caplog):
    """A start that is not too long ago is asked for as it is, without a word."""
    run(months(sim, "2025-11-21T00:00:00Z"), clock)

    assert min(starts(sim)) == "2025-11-21"
    assert warnings(caplog, "asked for") == []


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 6, 30, 12, tzinfo=UTC),
        datetime(2026, 6, 29, 0, 30, tzinfo=UTC),
        datetime(2026, 7, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2028, 6, 30, 12, tzinfo=UTC),
        datetime(2026, 1, 1, 6, tzinfo=UTC),
        datetime(2026, 3, 20, tzinfo=UTC),
    ],
)
def test_four_months_of_the_calendar(sim, clock, now):
    """The limit is one of the calendar, at the end of short months too; no whole day is lost."""
    clock.instant = now

    out = run(months(sim, "2020-01-01T00:00:00Z"), clock)

    limit = now - relativedelta(months=4)
    first = datetime.fromisoformat(f"{min(starts(sim))}T00:00:00+00:00")
    assert out.error is None
    assert limit <= first < limit + DAY
    assert out.bookmark(KB) is not None


def test_midnight_between_two_tables(sim, clock):
    """A run over midnight keeps the limit for every table, each at its own time."""
    clock.instant = datetime(2026, 3, 20, 23, 59, 56, tzinfo=UTC)

    out = run(months(sim, "2025-02-01T00:00:00Z"), clock, KB, AS, AQ)

    assert out.error is None
    assert sim.exports == 3


def test_a_bookmark_before_the_limit(sim, clock, caplog):
    """A bookmark too long ago is moved too: the rows between are gone, and that is said."""
    first = run(settings(sim, "2026-03-18T00:00:00Z"), clock)
    clock.instant += timedelta(days=200)

    second = run(months(sim, "2026-03-18T00:00:00Z"), clock, state=first.state)

    (warning,) = warnings(caplog, "asked for")
    assert second.error is None
    assert "2026-03-20" in warning
    assert min(starts(sim)[3:]) == "2026-06-07"
    assert "2026-06-07" in warning


def test_the_api_refuses_still(simulate, clock):
    """Where the API gives less than four months the window fails in its words, unspent."""
    sim = simulate(history_months=2)

    out = run(months(sim, "2025-12-01T00:00:00Z"), clock)

    assert isinstance(failure(out), ApiError)
    assert "date range cannot be more than 2 months ago without authorization" in str(failure(out))
    assert len(submits(sim)) == 1
    assert out.bookmark(KB) is None
    assert "submits" not in out.state["bookmarks"][KB]


def test_too_old_is_not_used_up(simulate, clock, caplog):
    """That refusal is no matter of the quota: the other tables go on."""
    sim = simulate(history_months=2)
    first = run(settings(sim, "2026-03-19T00:00:00Z", "2026-03-20T00:00:00Z"), clock, AS)

    config = months(sim, "2025-12-01T00:00:00Z", exports_per_day=9)

    second = run(config, clock, AS, GR, state=first.state)

    assert "2 months ago" in str(failure(second, GR))
    assert len(second.records(AS)) > 0
    assert warnings(caplog, "next export") == []


def test_without_a_quota_nothing_is_moved(sim, clock):
    """Who has no quota may have no such limit either: the API is asked, and its words count."""
    out = run(months(sim, "2025-02-01T00:00:00Z", exports_per_day=None), clock)

    assert starts(sim) == ["2025-02-01"]
    assert "more than 4 months ago" in str(failure(out))


@pytest.mark.parametrize("words", ["timeZone must be an IANA time zone", "Bad Request", ""])
def test_another_400(sim, clock, words):
    """A 400 that says neither fails the window in its words; nothing is spent."""
    body = json.dumps({"message": words, "statusCode": 400})
    sim.faults.add(Fault("submit", "status", status=400, body=body))

    out = run(settings(sim, "2026-03-17T00:00:00Z", "2026-03-18T00:00:00Z"), clock)

    assert type(failure(out)) is ApiError
    assert words in str(failure(out))
    assert "400" in str(failure(out))
    assert len(submits(sim)) == 1
    assert "submits" not in out.state["bookmarks"][KB]


# Three exports


def test_three_runs(sim, clock, caplog):
    """Exports are counted over runs: three, none an hour later, the rest a day later."""
    config = settings(sim, "2026-03-15T00:00:00Z", "2026-03-20T00:00:00Z")

    first = run(config, clock)
    assert first.error is None
    assert first.bookmark(KB) == "2026-03-18T00:00:00+00:00"
    assert starts(sim) == ["2026-03-15", "2026-03-16", "2026-03-17"]
    (warning,) = warnings(caplog, "next export")
    assert "2026-03-21 12:00 UTC" in warning

    caplog.clear()
    clock.instant = NOON + HOUR
    second = run(config, clock, state=first.state)
    assert second.error is None
    assert second.records(KB) == []
    assert second.bookmark(KB) == "2026-03-18T00:00:00+00:00"
    assert len(submits(sim)) == 3
    (warning,) = warnings(caplog, "next export")
    assert "2026-03-21 12:00 UTC" in warning

    caplog.clear()
    clock.instant = NOON + DAY + HOUR
    third = run(config, clock, state=second.state)
    assert third.error is None
    assert third.bookmark(KB) == "2026-03-20T00:00:00+00:00"
    assert starts(sim)[3:] == ["2026-03-18", "2026-03-19"]
    assert warnings(caplog, "next export") == []

    records = [*first.records(KB), *third.records(KB)]
    assert len(records) == 10
    assert keys(records) == truth(sim, KB, date(2026, 3, 15), date(2026, 3, 20))
    assert sim.quota_violations == 0


def test_nothing_left_to_do_spends_nothing(sim, clock, caplog):
    """A run that has everything already submits nothing and says nothing of the quota."""
    config = settings(sim, "2026-03-17T00:00:00Z", "2026-03-20T00:00:00Z")
    first = run(config, clock)

    second = run(config, clock, state=first.state)

    assert second.error is None
    assert len(submits(sim)) == 3
    assert warnings(caplog, "next export") == []


def test_the_moment_named_is_the_first_possible(sim, clock):
    """At the moment that the warning names an export is taken, just before it none is tried."""
    clock.instant = NOON + timedelta(microseconds=900_000)
    config = settings(sim, "2026-03-15T00:00:00Z", "2026-03-20T00:00:00Z")
    first = run(config, clock)
    possible = submits(sim)[0].at + DAY

    clock.instant = possible - MICROSECOND
    early = run(config, clock, state=first.state)
    assert len(submits(sim)) == 3

    clock.instant = possible
    late = run(config, clock, state=early.state)
    assert submits(sim)[3].at == possible
    assert early.error is late.error is None
    assert sim.quota_violations == 0


def test_each_export_counts_for_its_own_day(sim, clock):
    """Exports come free one by one, as each is a day old."""
    config = settings(sim, "2026-03-10T00:00:00Z", "2026-03-18T00:00:00Z", exports_per_day=1)
    out = run(config, clock)
    config["observability"]["exports_per_day"] = 3
    hours = [(10, 3), (23, 3), (24, 4), (33, 4), (35, 6), (47, 6), (49, 7)]
    for hour, total in hours:
        clock.instant = NOON + hour * HOUR + timedelta(minutes=5)
        out = run(config, clock, state=out.state)
        assert out.error is None
        assert len(submits(sim)) == total
    assert sim.quota_violations == 0


def test_all_tables_together(sim, clock, caplog):
    """Three exports are three over all tables; one warning is enough."""
    out = run(settings(sim, "2026-03-18T00:00:00Z", "2026-03-20T00:00:00Z"), clock, *PATHS)

    assert out.error is None
    assert sim.exports == len(submits(sim)) == 3
    assert len(warnings(caplog, "next export")) == 1
    assert "2026-03-21 12:00 UTC" in warnings(caplog, "next export")[0]


def test_the_exports_of_another_table(sim, clock):
    """What one table spent in an earlier run is spent for the others."""
    config = settings(sim, "2026-03-17T00:00:00Z", "2026-03-20T00:00:00Z")
    first = run(config, clock, KB)
    clock.instant += HOUR

    second = run(config, clock, AS, state=first.state)

    assert second.error is None
    assert len(submits(sim)) == 3
    assert sim.quota_violations == 0


def test_oldest_windows_first(sim, clock):
    """Exports go to the oldest windows, whichever table they are of."""
    config = settings(sim, "2026-03-18T00:00:00Z", "2026-03-20T00:00:00Z")
    out = run(config, clock, *PATHS)
    asked = [Counter(starts(sim))]
    for day in (1, 2):
        clock.instant = NOON + day * (DAY + HOUR)
        before = len(submits(sim))
        out = run(config, clock, *PATHS, state=out.state)
        asked.append(Counter(starts(sim)[before:]))

    assert asked == [{"2026-03-18": 3}, {"2026-03-18": 1, "2026-03-19": 2}, {"2026-03-19": 2}]
    assert Counter(tables(sim)) == dict.fromkeys(PATHS.values(), 2)


def test_a_table_that_is_behind(sim, clock):
    """A table that is far behind gets every export before one that is not."""
    first = run(settings(sim, "2026-03-19T00:00:00Z", "2026-03-20T00:00:00Z"), clock, GR)
    clock.instant += DAY
    config = settings(sim, "2026-03-10T00:00:00Z")

    second = run(config, clock, KB, GR, state=first.state)

    assert second.error is None
    assert tables(sim)[1:] == [PATHS[KB]] * 3
    assert second.bookmark(GR) == first.bookmark(GR)


@pytest.mark.parametrize("failing", [GR, KB])
def test_a_table_that_always_fails(simulate, clock, failing):
    """A table that is refused in every run, for whatever reason, does not starve the others."""
    sim = simulate(history_months=2)
    others = {GR, KB, AS} - {failing}
    first = run(settings(sim, "2026-03-19T00:00:00Z", "2026-03-20T00:00:00Z"), clock, *others)
    state = first.state
    for day in (1, 2, 3):
        clock.instant = NOON + day * (DAY + HOUR)
        out = run(months(sim, "2025-12-01T00:00:00Z"), clock, *others, failing, state=state)
        state = out.state
        assert "2 months ago" in str(failure(out, failing))

    assert all(str(out.bookmark(stream)) > "2026-03-21" for stream in others)
    assert sim.quota_violations == 0


def test_what_is_done_is_committed(sim, clock):
    """A stop leaves whole windows: each row is written, and the bookmark stands at their end."""
    out = run(settings(sim, "2026-03-10T00:00:00Z"), clock, KB, AS)

    for stream in (KB, AS):
        end = datetime.fromisoformat(str(out.bookmark(stream)))
        records = out.records(stream)
        assert keys(records) == truth(sim, stream, date(2026, 3, 10), end)
        assert max(record["_window_end"] for record in records) == out.bookmark(stream)
    assert "pending_jobs" not in out.state["bookmarks"][KB]


def test_to_fail_when_used_up(sim, clock):
    """With `on_quota_exhausted: fail` the streams that stop fail, and say when to come back."""
    config = settings(sim, "2026-03-15T00:00:00Z", "2026-03-20T00:00:00Z")

    out = run(config | {"on_quota_exhausted": "fail"}, clock)

    assert isinstance(failure(out), QuotaExhausted)
    assert "2026-03-21 12:00 UTC" in str(failure(out))
    assert isinstance(out.error, StreamsFailed)
    assert out.error.exit_code == 1
    assert len(out.records(KB)) == 6
    assert out.bookmark(KB) == "2026-03-18T00:00:00+00:00"
    assert len(submits(sim)) == 3


@pytest.mark.parametrize("exports", [1, 5])
def test_another_quota(simulate, clock, exports):
    """`exports_per_day` is what a tenant is allowed."""
    sim = simulate(exports_per_day=exports)
    config = settings(sim, "2026-03-10T00:00:00Z", exports_per_day=exports)

    out = run(config, clock)

    assert out.error is None
    assert len(submits(sim)) == exports
    assert sim.quota_violations == 0


def test_a_quota_of_another_family(sim, clock):
    """That the dashboard's exports are used up is nothing to the other families."""
    config = {
        **tap_settings(sim.url, families=ALL_FAMILIES),
        "start_date": "2026-03-18T00:00:00Z",
        "end_date": "2026-03-20T00:00:00Z",
    }

    out = run(config, clock, "qm_workflows", "qm_questions", *PATHS)

    assert out.error is None
    assert sim.exports == 3
    for entity in ("qm_workflows", "qm_questions"):
        assert out.bookmark(entity) == "2026-03-20T00:00:00+00:00"


def test_many_runs(sim, clock):
    """Run every seven hours the tap never asks for a fourth export, and loses nothing."""
    config = months(sim, "2026-01-01T00:00:00Z")
    state = None
    rows: dict[str, dict[str, dict[str, Any]]] = {stream: {} for stream in PATHS}
    for _ in range(16):
        out = run(config, clock, *PATHS, state=state)
        assert out.error is None
        state = out.state
        for stream, found in rows.items():
            found.update({record["_row_hash"]: record for record in out.records(stream)})
        clock.instant += 7 * HOUR

    assert sim.quota_violations == 0
    assert sim.exports == len(submits(sim)) == 12
    for stream, found in rows.items():
        end = datetime.fromisoformat(str(out.bookmark(stream)))
        assert end > NOON - DAY
        assert keys(found.values()) == truth(sim, stream, date(2026, 1, 1), end)
        assert len(found) == len(keys(found.values()))


# Quota used up by others


def test_exports_of_others(sim, clock, caplog):
    """Where the API refuses what our count would allow, the run stops cleanly at once."""
    spend(sim, 2)

    out = run(settings(sim, "2026-03-15T00:00:00Z"), clock, *PATHS)

    ours = submits(sim)[2:]
    assert out.error is None
    assert [post.status for post in ours] == [202, 400]
    assert len(out.counts()) == 1
    assert len(warnings(caplog, "next export")) == 1


def test_nothing_left_from_the_beginning(sim, clock, caplog):
    """Where others used it all, one submit finds out, for all tables."""
    spend(sim, 3)

    out = run(settings(sim, "2026-03-15T00:00:00Z"), clock, *PATHS)

    assert out.error is None
    assert [post.status for post in submits(sim)[3:]] == [400]
    assert out.of("RECORD") == []
    assert len(warnings(caplog, "next export")) == 1


def test_exports_of_others_and_nobody_knows_when(sim, clock, caplog):
    """Nobody knows when the others exported: in a day at the latest one is possible."""
    spend(sim, 3)
    clock.instant += 5 * HOUR

    run(settings(sim, "2026-03-15T00:00:00Z"), clock)

    (warning,) = warnings(caplog, "next export")
    assert "2026-03-21 17:00 UTC" in warning


def test_exports_of_others_beside_our_own(sim, clock, caplog):
    """Where an export of ours is among them, one is possible when that is a day old."""
    config = settings(sim, "2026-03-15T00:00:00Z", exports_per_day=1)
    first = run(config, clock)
    spend(sim, 2)
    clock.instant = NOON + 20 * HOUR
    caplog.clear()

    run(config | {"observability": {"window_days": 1}}, clock, state=first.state)

    (warning,) = warnings(caplog, "next export")
    assert [post.status for post in submits(sim)] == [202, 202, 202, 400]
    assert "2026-03-21 12:00 UTC" in warning


def test_a_refused_export_is_not_counted(sim, clock):
    """What the API refused was not spent: when the others' are a day old all three are there."""
    spend(sim, 3)
    config = settings(sim, "2026-03-15T00:00:00Z", "2026-03-20T00:00:00Z")
    clock.instant += 20 * HOUR
    first = run(config, clock)
    clock.instant += 5 * HOUR

    second = run(config, clock, state=first.state)

    assert second.bookmark(KB) == "2026-03-18T00:00:00+00:00"
    assert [post.status for post in submits(sim)[3:]] == [400, 202, 202, 202]


def test_exports_of_others_and_fail(sim, clock):
    """With `on_quota_exhausted: fail` every table that stops fails, after one submit in all."""
    spend(sim, 3)
    config = settings(sim, "2026-03-15T00:00:00Z") | {"on_quota_exhausted": "fail"}

    out = run(config, clock, KB, AS)

    assert isinstance(failure(out, KB), QuotaExhausted)
    assert isinstance(failure(out, AS), QuotaExhausted)
    assert len(submits(sim)) == 4


def test_refused_although_unlimited(sim, clock, caplog):
    """A user taken for unlimited who is not stops cleanly all the same."""
    config = settings(sim, "2026-03-10T00:00:00Z", "2026-03-20T00:00:00Z", exports_per_day=None)

    out = run(config, clock, KB, AS)

    assert out.error is None
    assert [post.status for post in submits(sim)] == [202, 202, 202, 400]
    assert len(warnings(caplog, "next export")) == 1


# Exports that a killed run left behind


@pytest.mark.parametrize("cut", [2, 3, 5, 7])
def test_a_pending_export(sim, clock, cut):
    """Killed at any point between submit and commit: the export is taken up, none is spent."""
    config = months(sim, "2026-03-18T00:00:00Z", "2026-03-20T00:00:00Z")
    first = run(config, clock, cut_after=cut)

    second = run(config, clock, state=first.state)

    assert isinstance(first.error, Killed)
    assert second.error is None
    assert len(second.records(KB)) == 4
    assert len(submits(sim)) == 1


def test_a_pending_export_and_no_other_left(sim, clock, caplog):
    """A pending export is taken up although none is left; then the run stops."""
    config = settings(sim, "2026-03-18T00:00:00Z", "2026-03-20T00:00:00Z", exports_per_day=1)
    first = run(config, clock, cut_after=2)
    clock.instant += HOUR

    second = run(config, clock, state=first.state)

    assert second.error is None
    assert second.bookmark(KB) == "2026-03-19T00:00:00+00:00"
    assert len(submits(sim)) == 1
    assert len(warnings(caplog, "next export")) == 1


def test_a_pending_export_of_another_table(sim, clock):
    """Pending exports of two tables leave the third export to the oldest window of the others."""
    config = settings(sim, "2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z")
    first = run(config, clock, KB, cut_after=2)
    second = run(config, clock, AS, state=first.state, cut_after=2)

    third = run(config, clock, KB, AS, AQ, state=second.state)

    assert third.error is None
    assert third.counts() == {KB: 2, AS: 2, AQ: 2}
    assert Counter(tables(sim)) == {PATHS[KB]: 1, PATHS[AS]: 1, PATHS[AQ]: 1}


@pytest.mark.parametrize("start", ["2025-02-01T00:00:00Z", None])
def test_a_pending_export_of_yesterday(sim, clock, start):
    """It is also taken up when the day has changed, and with it where reading may begin."""
    config = months(sim, "2026-03-01T00:00:00Z", exports_per_day=1) | {"start_date": start}
    first = run(config, clock, cut_after=2)
    (asked,) = submits(sim)
    clock.instant += 13 * HOUR

    second = run(config, clock, state=first.state)

    window = second.records(KB)[0]["_window_start"] if second.records(KB) else None
    assert len(submits(sim)) == 1
    assert window is not None
    assert window[:10] == json.loads(asked.body)["dateRange"]["startDate"][:10]


def test_a_pending_export_that_is_gone(sim, clock):
    """An export that the API knows no more is spent anew."""
    config = settings(sim, "2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z")
    first = run(config, clock, cut_after=2)
    clock.instant += 26 * HOUR

    second = run(config, clock, state=first.state)

    assert second.error is None
    assert len(second.records(KB)) == 2
    assert sim.exports == 2


def test_a_pending_export_that_is_gone_and_no_other_left(sim, clock, caplog):
    """Where none is left for it the run stops cleanly."""
    config = settings(sim, "2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z", exports_per_day=1)
    first = run(config, clock, cut_after=2)
    sim.faults.add(Fault("poll", "job-lost"))

    second = run(config, clock, state=first.state)

    assert second.error is None
    assert len(submits(sim)) == 1
    assert second.records(KB) == []
    assert len(warnings(caplog, "next export")) == 1


def test_a_pending_export_of_another_request(sim, clock):
    """An export that was asked for with other filters is not taken for this one."""
    config = settings(sim, "2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z")
    first = run(config, clock, cut_after=2)
    narrowed = {"tables": [PATHS[KB]], "channels": ["voice"]}

    second = run(config | {"observability": narrowed}, clock, state=first.state)

    assert {record["channel"] for record in second.records(KB)} == {"voice"}
    assert len(submits(sim)) == 2


def test_a_submit_is_in_state_at_once(sim, clock):
    """The STATE right after the submit counts it, with no row before it."""
    out = run(settings(sim, "2026-03-18T00:00:00Z"), clock, cut_after=2)

    (export,) = sim.table_exports
    state = out.state["bookmarks"][KB]
    assert [message["type"] for message in out.messages] == ["SCHEMA", "STATE"]
    assert state["submits"] == {"observability": ["2026-03-20T12:00:00+00:00"]}
    assert [job["id"] for job in state["pending_jobs"]] == [export.id]


# Submits of which nobody knows what became

LOST = [
    Fault("submit", "reply-lost"),
    Fault("submit", "reset"),
    Fault("submit", "status", status=500),
    Fault("submit", "status", status=504),
    Fault("submit", "html"),
    Fault("submit", "status", status=202, body=""),
    Fault("submit", "status", status=202, body="", headers=(("Location", f"{BASE}/export-data"),)),
]


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: f"{fault.kind} {fault.status or ''}")
def test_a_lost_submit(sim, clock, fault):
    """It counts as spent and is not repeated; its stream fails and explains itself."""
    sim.faults.add(fault)

    out = run(settings(sim, "2026-03-15T00:00:00Z"), clock)

    assert isinstance(failure(out), AmbiguousSubmit)
    assert "no list of jobs" in str(failure(out))
    assert PATHS[KB] in str(failure(out))
    assert len(submits(sim)) == 1
    assert len(out.state["bookmarks"][KB]["submits"]["observability"]) == 1
    assert "pending_jobs" not in out.state["bookmarks"][KB]


def test_a_lost_submit_counts(sim, clock):
    """Two more exports are left for the other tables, in this run and the next."""
    sim.faults.add(Fault("submit", "reply-lost"))
    config = settings(sim, "2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z")
    first = run(config, clock, *PATHS)
    clock.instant += HOUR

    second = run(config, clock, *PATHS, state=first.state)

    assert isinstance(first.error, StreamsFailed)
    assert len(first.error.failures) == 1
    assert len(first.counts()) == 2
    assert second.error is None
    assert len(submits(sim)) == 3
    assert sim.quota_violations == 0


def test_a_lost_submit_is_made_up_for(sim, clock):
    """The next run with an export left reads the window again."""
    sim.faults.add(Fault("submit", "reply-lost"))
    config = settings(sim, "2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z")
    first = run(config, clock)

    second = run(config, clock, state=first.state)

    assert second.error is None
    assert keys(second.records(KB)) == truth(sim, KB, date(2026, 3, 18), date(2026, 3, 19))
    assert sim.exports == 2


def test_an_answer_that_is_no_json(sim, clock):
    """A Location is enough: what else the answer says matters not, be it no JSON."""
    headers = (("Location", f"{BASE}/export-data/ID-7"), ("Content-Type", "text/plain"))
    sim.faults.add(
        Fault("submit", "status", status=202, headers=headers, body="Accepted"),
        Fault("poll", "status", status=200, body='{"status": "Failed", "message": "Found it"}'),
    )

    out = run(settings(sim, "2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z"), clock)

    assert "Found it" in str(failure(out))


@pytest.mark.parametrize(
    "fault",
    [
        Fault("submit", "status", status=503),
        Fault("submit", "status", status=429, headers=(("Retry-After", "7"),)),
        Fault("submit", "status", status=409),
        Fault("submit", "status", status=401),
    ],
    ids=lambda fault: str(fault.status),
)
def test_a_submit_that_surely_did_nothing(sim, clock, fault):
    """It is repeated and counts for nothing: three exports are there still."""
    sim.faults.add(fault)

    out = run(settings(sim, "2026-03-17T00:00:00Z", "2026-03-20T00:00:00Z"), clock)

    assert out.error is None
    assert out.bookmark(KB) == "2026-03-20T00:00:00+00:00"
    assert [post.status for post in submits(sim)] == [fault.status, 202, 202, 202]


class Unreached(HTTPAdapter):
    """Lets the first submit reach nobody: refused where nobody listens, or never connected."""

    def __init__(self, *, refused: bool) -> None:
        """Miss in one of two ways."""
        super().__init__()
        self.refused = refused
        self.missed: list[str] = []

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Send all but the first submit."""
        url = request.url or ""
        if url.endswith("/export-data") and not self.missed:
            self.missed.append(url)
            if not self.refused:
                raise requests.ConnectTimeout
            with socket.create_server(("127.0.0.1", 0)) as server:
                port = server.getsockname()[1]
            request.url = re.sub(r":[0-9]+/", f":{port}/", url)
        return super().send(request, *args, **kwargs)


@pytest.mark.parametrize("refused", [True, False])
def test_a_submit_that_reached_nobody(sim, clock, monkeypatch, refused):
    """So is one that found no connection: it provably did not arrive."""
    unreached = Unreached(refused=refused)
    monkeypatch.setattr(requests.Session, "get_adapter", lambda *_, **__: unreached)

    out = run(settings(sim, "2026-03-17T00:00:00Z", "2026-03-20T00:00:00Z"), clock)

    assert out.error is None
    assert len(unreached.missed) == 1
    assert out.bookmark(KB) == "2026-03-20T00:00:00+00:00"
    assert [post.status for post in submits(sim)] == [202, 202, 202]


def test_a_failed_export_is_spent(sim, clock):
    """An export that failed was one: two are left."""
    sim.faults.add(Fault("submit", "job-failed"))
    config = settings(sim, "2026-03-15T00:00:00Z", "2026-03-20T00:00:00Z")
    first = run(config, clock)

    second = run(config, clock, state=first.state)

    assert second.error is None
    assert second.bookmark(KB) == "2026-03-17T00:00:00+00:00"
    assert sim.exports == 3
    assert sim.quota_violations == 0


# As few exports as the limits allow


@pytest.mark.slow
def test_four_tables_of_a_year(simulate, clock):
    """Without limits four tables of a year are complete in one run, with twelve exports each."""
    sim = simulate(exports_per_day=None, history_months=None)

    out = run(months(sim, "2025-03-20T00:00:00Z", exports_per_day=None), clock, *PATHS)

    assert out.error is None
    assert Counter(tables(sim)) == dict.fromkeys(PATHS.values(), 12)
    for stream in PATHS:
        records = out.records(stream)
        end = datetime.fromisoformat(str(out.bookmark(stream)))
        assert NOON - HOUR < end < NOON
        assert keys(records) == truth(sim, stream, date(2025, 3, 20), end)
        assert len(records) == len(keys(records))


def test_four_tables_of_three_months(sim, clock):
    """Within the limits four tables of three months are complete in four days: three a day."""
    config = months(sim, "2025-12-01T00:00:00Z", "2026-03-01T00:00:00Z")
    records: dict[str, list[dict[str, Any]]] = {stream: [] for stream in PATHS}
    state = None
    for day in range(5):
        clock.instant = NOON + day * (DAY + timedelta(minutes=10))
        out = run(config, clock, *PATHS, state=state)
        state = out.state
        assert out.error is None
        assert sim.exports == min(3 * (day + 1), 12)
        for stream, found in records.items():
            found.extend(out.records(stream))

    assert sim.quota_violations == 0
    for stream, found in records.items():
        assert keys(found) == truth(sim, stream, date(2025, 12, 1), date(2026, 3, 1))
        assert len(found) == 180
