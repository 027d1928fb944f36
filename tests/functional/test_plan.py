"""`--plan`: what a run would do, as a colleague would say it, without spending an export."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from tap_cxone.cli.plan_report import family_as_json, plan_lines, stream_as_json
from tap_cxone.jobs.sqlite_journal import SqliteJournal
from tap_cxone.simulator.settings import ALL_FAMILIES, tap_settings
from tap_cxone.tap import TapCXone
from tests.docs.document import ROOT
from tests.support.examples import csv_jobs, json_jobs, paged_rows, quota_jobs, report_runs
from tests.support.facts import FACTS
from tests.support.run import NOON, run_tap, select

if TYPE_CHECKING:
    from pathlib import Path

    from tap_cxone.planning.plan import FamilyPlan
    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock

TABLES = (
    "autopilot_knowledge_responses",
    "copilot_agent_questions",
    "copilot_auto_summaries",
    "copilot_knowledge_suggestions",
)
ENTITIES = ("qm_questions", "qm_workflows", "recording_interaction_metadata")
TIMES = "\N{MULTIPLICATION SIGN}"


def plan_settings(sim: Simulator, days: int, *families: Any, **own: Any) -> dict[str, Any]:
    """Return settings for so many days that are over; `own` are added to a family's."""
    end = NOON.replace(hour=0)
    found = tap_settings(sim.url, families=families or ALL_FAMILIES)
    for family, more in own.items():
        found[family] = found.get(family, {}) | more
    start = end - timedelta(days=days)
    return found | {"start_date": start.isoformat(), "end_date": end.isoformat()}


def plans(
    config: dict[str, Any], clock: FakeClock, *streams: str, **how: Any
) -> dict[str, FamilyPlan]:
    catalog = select(config, *streams) if streams else None
    tap = TapCXone(config=config, clock=clock, catalog=catalog, **how)
    return {plan.family: plan for plan in tap.plans()}


def printed_plan(config: dict[str, Any], clock: FakeClock, *streams: str, **how: Any) -> list[str]:
    """Return what `--plan` prints of one family."""
    (plan,) = plans(config, clock, *streams, **how).values()
    return list(plan_lines(plan))


# Each family


def test_plan_with_a_quota_gives_advice(sim, clock):
    """A quota's plan says how many days, tables, exports and nights there are."""
    *streams, total, wider, nightly = printed_plan(
        plan_settings(sim, 92, quota_jobs.FAMILY), clock, *TABLES
    )

    assert [line.split(":")[0] for line in streams] == [f"{quota_jobs.FAMILY} {t}" for t in TABLES]
    assert total == (
        f"{quota_jobs.FAMILY}: 92 days {TIMES} 4 tables at 3 exports a day = 4 days; "
        "31-day windows need 12 exports; 3 left now, the last is possible at 2026-03-23 12:00 UTC"
    )
    assert f"{quota_jobs.FAMILY}.window_days: 92 would need 4 exports, not 12, if the API" in wider
    assert "every night 4 tables need 4 exports and 3 are allowed" in nightly


def test_plan_gives_exports_to_the_oldest_windows_first(sim, clock):
    """Each table ends after its newest window, the oldest windows of all tables first."""
    (plan,) = plans(plan_settings(sim, 92, quota_jobs.FAMILY), clock, *TABLES).values()

    # 12 exports, 3 a day: the newest windows of the four tables are numbers 9 to 12.
    assert [stream.earliest_finish for stream in plan.streams] == [
        NOON + timedelta(days=days) for days in (2, 3, 3, 3)
    ]


@pytest.mark.parametrize(("order", "days"), [("oldest_first", 3), ("newest_first", 4)], ids=str)
def test_plan_names_the_day_when_history_is_complete(sim, clock, order, days):
    """With `newest_first` one of the three exports of each later day goes to new rows."""
    config = plan_settings(sim, 92, quota_jobs.FAMILY, **{quota_jobs.FAMILY: {"window_days": 10}})
    config |= {"end_date": None, "backfill_order": order}

    line, *_ = printed_plan(config, clock, TABLES[0])

    assert "10 exports needed" in line
    assert f"done {NOON + timedelta(days=days):%Y-%m-%d} 12:00 UTC at the earliest" in line


def test_plan_whose_new_rows_need_all_exports_says_so(sim, clock):
    """A history that gets no export is not done, which an advice remedies."""
    config = plan_settings(sim, 92, quota_jobs.FAMILY)
    config |= {"end_date": None, "backfill_order": "newest_first"}

    *streams, total, _, _, advice = printed_plan(config, clock, *TABLES[:3])
    (plan,) = plans(config, clock, *TABLES[:3]).values()

    assert all("not done while new rows need all exports of a day" in line for line in streams)
    assert "the last is possible at no time" in total
    assert "so newest_first leaves none for the history: set backfill_order" in advice
    assert family_as_json(plan)["earliest_finish"] is None


def test_plan_without_quota_names_none(sim, clock):
    """Where `exports_per_day` is null, only the exports' own time counts."""
    config = plan_settings(
        sim, 92, quota_jobs.FAMILY, **{quota_jobs.FAMILY: {"exports_per_day": None}}
    )
    *_, total = printed_plan(config, clock, *TABLES)

    assert total == (
        f"{quota_jobs.FAMILY}: 4 streams, 12 exports, 1 at a time: at least 0:01:00, "
        "done 2026-03-20 12:01 UTC at the earliest"
    )


def test_requests_that_are_spaced(sim, clock):
    """Streams of a family take turns: each ends after those before it, 30 s a request."""
    *streams, total = printed_plan(plan_settings(sim, 28), clock, *ENTITIES)

    assert streams[0] == (
        f"{csv_jobs.FAMILY} qm_questions: 2026-02-20Z to 2026-03-20Z, 2 windows, 2 exports needed, "
        "done 2026-03-20 12:00 UTC at the earliest"
    )
    assert total == (
        f"{csv_jobs.FAMILY}: 3 streams, 6 exports, 1 at a time, 30 s apart: at least 0:02:30, "
        "done 2026-03-20 12:02 UTC at the earliest"
    )


def test_exports_side_by_side(sim, clock):
    """Three at once take a third of the time."""
    config = plan_settings(sim, 360, json_jobs.FAMILY)
    *_, total = printed_plan(config, clock, "bot_conversations")

    assert "1 stream, 12 exports, 3 at a time: at least 0:00:20" in total


def test_windows_of_days_and_pages(simulate, clock):
    """A download costs a call a day at least; the API's quota stands beside it, and its end."""
    sim = simulate(download_quota=20)
    stream, total, advice = printed_plan(
        plan_settings(sim, 30, paged_rows.FAMILY), clock, "custom_metrics_by_interaction"
    )

    assert "30 windows, 30 calls needed" in stream
    left = FACTS[paged_rows.FAMILY].quota.replace("7 of 7", "20 of 20")
    assert stream.endswith(f"; {left}, more at 2026-03-20 13:00 UTC")
    assert "30 calls, more where a window has several pages" in total
    assert "at least 30 calls are needed and 20 are left" in advice


def test_runs_of_reports(sim, clock):
    """A report has a run a day, each waited for."""
    *_, total = printed_plan(
        plan_settings(sim, 8, report_runs.FAMILY), clock, "agent_performance_daily"
    )

    assert "1 stream, 8 exports, 1 at a time: at least 0:02:00" in total


# What the state and the settings change


def test_plan_counts_what_was_spent(sim, clock):
    """Exports of the last day are no longer left, and what was read is not requested again."""
    config = plan_settings(sim, 62, quota_jobs.FAMILY)
    out = run_tap(config, clock=clock, only=TABLES[0])
    (line,) = printed_plan(config, clock, TABLES[0], state=out.state)
    (plan,) = plans(config, clock, *TABLES, state=out.state).values()

    assert line == (
        f"{quota_jobs.FAMILY} {TABLES[0]}: nothing to read yet; the next window starts at "
        "2026-03-20 00:00 UTC"
    )
    assert (plan.needed, plan.remaining) == (6, 1)
    # One is free now, two when those of this run are a day old: the sixth after another day.
    (times,) = out.state["bookmarks"][TABLES[0]]["submits"].values()
    assert len(times) == 2
    assert plan.earliest_finish == datetime.fromisoformat(times[-1]) + timedelta(days=2)


def test_plan_counts_no_submit_for_a_pending_job(sim, clock):
    """A window whose job is pending needs none."""
    config = plan_settings(sim, 90, json_jobs.FAMILY)
    out = run_tap(config, clock=clock, only="bot_conversations", cut_after=3)
    line, *_ = printed_plan(config, clock, "bot_conversations", state=out.state)

    pending = len(out.state["bookmarks"]["bot_conversations"]["pending_jobs"])
    assert pending == 2
    assert "3 windows, 1 export needed (2 already submitted)" in line


NARROW = {name: facts.narrow for name, facts in FACTS.items() if facts.narrow is not None}
AGGREGATES = {name: facts.aggregates for name, facts in FACTS.items() if facts.aggregates}


@pytest.mark.parametrize("family", NARROW)
def test_plan_names_a_setting_that_costs_fewer_exports(sim, clock, family):
    """A narrow window that costs exports is named, with what a wider one would need."""
    stream, ((name, value),) = NARROW[family].stream, NARROW[family].own.items()
    narrow = plan_settings(sim, 40, family, **{family: {name: value}})
    advice = f"{family}: advice: {family}.{name}: {NARROW[family].advice}"

    assert advice in printed_plan(narrow, clock, stream)
    assert not any(
        "advice" in line for line in printed_plan(plan_settings(sim, 40, family), clock, stream)
    )


@pytest.mark.parametrize(
    ("start", "advised"),
    [("2026-02-14", True), ("2026-02-15", False)],
    ids=["within a window", "between two"],
)
@pytest.mark.parametrize("family", AGGREGATES)
def test_plan_says_whether_a_range_cuts_aggregates(sim, clock, family, start, advised):
    """Rows that sum up a week, from Sunday on, are others where a range begins within the week."""
    config = plan_settings(sim, 0, family, **{family: {"window_days": 7}})
    config |= {"start_date": start, "end_date": "2026-03-15"}
    (plan,) = plans(config, clock, AGGREGATES[family]).values()

    found = [advice for advice in plan.advice if "cuts a window of 7 days" in advice]
    assert bool(found) == advised
    assert all(f"set {family}.window_days to 1" in advice for advice in found)


@pytest.mark.parametrize("family", AGGREGATES)
def test_plan_of_daily_aggregates_gives_no_advice_on_shards(sim, clock, family):
    """Windows of one day are the same in each shard, as are rows that sum up nothing."""
    (plan,) = plans(plan_settings(sim, 31, family), clock, AGGREGATES[family]).values()

    assert not any("cuts a window" in advice for advice in plan.advice)


def test_more_at_once_would_do_better(sim, clock):
    """Fewer jobs at once than the API allows are named."""
    config = plan_settings(sim, 90, json_jobs.FAMILY, **{json_jobs.FAMILY: {"max_concurrent": 1}})
    *_, advice = printed_plan(config, clock, "bot_conversations")

    assert f"advice: {json_jobs.FAMILY}.max_concurrent: 3 lets 3 exports run at once" in advice


def test_older_than_the_api_remembers(sim, clock):
    """A beginning before the four months that the dashboard keeps is reported as out of reach."""
    found = printed_plan(plan_settings(sim, 200, quota_jobs.FAMILY), clock, TABLES[0])

    words = "start 2025-09-01 is before the API's history limit; older rows than 2025-11-21"
    assert any(words in line for line in found)


# The command


def test_plan_of_all_families_submits_nothing(sim, clock):
    """Over all families a plan logs in and reads, and submits nothing."""
    found = plans(plan_settings(sim, 30), clock)

    assert set(found) == set(ALL_FAMILIES)
    posts = {seen.path for seen in sim.requests if seen.method != "GET"}
    assert posts <= {"/api/v2/oauth/token", "/oauth/token"}
    assert sim.jobs == []
    assert sim.exports == 0
    assert clock.now() == NOON


def run_plan(config: dict[str, Any], folder: Path, *more: str) -> Any:
    """Run `tap-cxone` with some settings and arguments."""
    file = folder / "config.json"
    file.write_text(json.dumps(config))
    return CliRunner().invoke(TapCXone.cli, ["--config", str(file), *more])


@pytest.mark.parametrize("state", [True, False])
def test_plan_as_json_respects_the_state(sim, tmp_path, state):
    """`--plan=json` prints streams and families, with the state taken into account."""
    known = tmp_path / "state.json"
    end = {"replication_key_value": "2999-01-01T00:00:00+00:00"}
    known.write_text(json.dumps({"bookmarks": dict.fromkeys(TABLES, end) if state else {}}))
    config = tap_settings(sim.url, families=[quota_jobs.FAMILY])

    result = run_plan(config, tmp_path, "--state", str(known), "--plan=json")

    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    tables = [plan for plan in found["streams"] if plan["family"] == quota_jobs.FAMILY]
    assert [plan["needed"] for plan in tables] == [0 if state else 1] * 4
    (family,) = [plan for plan in found["families"] if plan["family"] == quota_jobs.FAMILY]
    assert (family["per_day"], family["remaining"], family["needed"]) == (3, 3, 0 if state else 4)


def test_plan_as_json_equals_the_text(sim, clock):
    """Windows to request, instants and advice stand in the JSON as in the text."""
    (plan,) = plans(plan_settings(sim, 92, quota_jobs.FAMILY), clock, *TABLES).values()
    told, stream = family_as_json(plan), stream_as_json(plan.streams[0])

    assert datetime.fromisoformat(told["earliest_finish"]) == plan.earliest_finish
    assert told["advice"] == list(plan.advice) != []
    assert [datetime.fromisoformat(w["start"]) for w in stream["windows_needed"]] == [
        window.start for window in plan.streams[0].workload.windows_without_job
    ]
    assert (stream["windows"], stream["days"], stream["unit"]) == (3, 92, "exports")


def test_every_key_is_documented(sim, clock):
    """docs/plan.md has each key of the JSON, and no other."""
    (plan,) = plans(plan_settings(sim, 9, quota_jobs.FAMILY), clock, *TABLES).values()
    section = (ROOT / "docs/plan.md").read_text().split("## `tap-cxone --plan`")[1]
    parts = section.split("\n## ")[0].split("| key of `")[1:]

    keys_of = (stream_as_json(plan.streams[0]), family_as_json(plan))
    for part, keys in zip(parts, keys_of, strict=True):
        cells = [line.split("|")[1] for line in part.splitlines()[2:] if line.startswith("|")]
        assert {name for cell in cells for name in re.findall(r"`(\w+)`", cell)} == set(keys)


@pytest.mark.parametrize("option", ["--plan", "--test"])
def test_command_closes_the_journal_that_it_has_read(sim, tmp_path, option):
    """A plan and a connection test leave no open journal for the garbage collector."""
    journal_path = tmp_path / "journal.db"
    config = {**tap_settings(sim.url), "journal": str(journal_path)}
    with patch.object(
        SqliteJournal, "close", autospec=True, side_effect=SqliteJournal.close
    ) as close:
        result = run_plan(config, tmp_path, option)

    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert journal_path.exists() is (option == "--plan")
    close.assert_called_once()


@pytest.mark.parametrize("option", ["--plan", "--test"])
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"regoin": "na1"}, "unknown setting 'regoin'; did you mean 'region'?"),
        ({"access_key_id": None}, "access_key_id is missing, but access_key_secret is set"),
        (
            {"access_key_id": None, "access_key_secret": None},
            f"{csv_jobs.FAMILY} needs access_key_id",
        ),
    ],
    ids=["a typing error", "half a key", "no key"],
)
def test_wrong_settings(sim, tmp_path, caplog, option, changes, words):  # noqa: PLR0913, PLR0917
    """Wrong settings are a line with the remedy, exit code 2, and no request."""
    config = {n: v for n, v in (tap_settings(sim.url) | changes).items() if v is not None}

    result = run_plan(config, tmp_path, option)

    assert result.exit_code == 2
    assert words in caplog.text
    assert sim.requests == []


@pytest.mark.parametrize("option", ["--plan", "--test"])
def test_plan_with_a_state_that_is_no_json_exits_with_two(sim, tmp_path, caplog, option):
    """A state that is no JSON is a line that states it, and exit code 2."""
    state = tmp_path / "state.json"
    state.write_text("{")

    result = run_plan(tap_settings(sim.url), tmp_path, "--state", str(state), option)

    assert result.exit_code == 2
    assert "the file of --state is not JSON" in caplog.text
