from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tap_cxone.plan import QuotaPlan, StreamPlan
from tap_cxone.simulator.settings import ALL_FAMILIES, tap_settings
from tap_cxone.tap import TapCXone
from tests.running import NOON, run_tap, select

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator
    from tests.running import FakeClock

TABLES = (
    "autopilot_knowledge_responses",
    "copilot_agent_questions",
    "copilot_auto_summaries",
    "copilot_knowledge_suggestions",
)


def settings(sim: Simulator, days: int, *families: Any) -> dict[str, Any]:
    """Return settings for so many days that are over."""
    end = NOON.replace(hour=0)
    found = tap_settings(sim.url, families=families or ALL_FAMILIES)
    start = end - timedelta(days=days)
    return found | {"start_date": start.isoformat(), "end_date": end.isoformat()}


def plans(config: dict[str, Any], clock: FakeClock, *streams: str, **how: Any) -> list[Any]:
    catalog = select(config, *streams) if streams else None
    return list(TapCXone(config=config, clock=clock, catalog=catalog, **how).plans())


def test_a_colleagues_advice(sim, clock):
    """A quota's plan says how many days, tables, exports and nights there are."""
    *streams, quota = plans(settings(sim, 92, "observability"), clock, *TABLES)

    assert [plan.stream for plan in streams] == list(TABLES)
    assert str(quota) == (
        "observability: 92 days \N{MULTIPLICATION SIGN} 4 tables at 3 exports a day = 4 days; "
        "31-day windows need 12 exports; 3 left now, the last is possible on 2026-03-23 12:00 UTC"
    )


def test_a_plan_counts_what_was_spent(sim, clock):
    """Exports of the last day are no longer left, and what was read is not asked for again."""
    config = settings(sim, 62, "observability")
    out = run_tap(config, clock=clock, only=TABLES[0])
    (plan,) = plans(config, clock, TABLES[0], state=out.state)
    *_, quota = plans(config, clock, *TABLES, state=out.state)

    assert str(plan) == f"observability {TABLES[0]}: nothing to read yet"
    assert isinstance(quota, QuotaPlan)
    assert (quota.exports, quota.left, quota.streams) == (6, 1, 3)


def test_a_plan_takes_pending_jobs_for_asked(sim, clock):
    """A window whose job is pending needs none."""
    config = settings(sim, 90, "analytics_exports")
    out = run_tap(config, clock=clock, only="bot_conversations", cut_after=3)
    (plan,) = plans(config, clock, "bot_conversations", state=out.state)

    assert isinstance(plan, StreamPlan)
    pending = out.state["bookmarks"]["bot_conversations"]["pending_jobs"]
    assert (plan.windows, plan.exports, plan.days) == (3, 3 - len(pending), 90)
    assert pending


def test_a_plan_spends_nothing(sim, clock):
    """Over all families a plan logs in and reads, and submits nothing."""
    found = plans(settings(sim, 30), clock)

    assert {plan.family for plan in found} == set(ALL_FAMILIES)
    posts = {seen.path for seen in sim.requests if seen.method != "GET"}
    assert posts <= {"/api/v2/oauth/token", "/oauth/token"}
    assert sim.jobs == []
    assert sim.exports == 0
    assert clock.now() == NOON


def test_a_plan_tells_the_quota_of_data_download(simulate, clock):
    """What the reporting API says of its quota stands in the plan."""
    sim = simulate(download_quota=812)
    (plan,) = plans(settings(sim, 3, "data_download"), clock, "custom_metrics_by_interaction")

    assert str(plan).endswith(
        "; 812 of 812 left of the reporting quota, more at 2026-03-20 13:00 UTC"
    )


@pytest.mark.parametrize("state", [True, False])
def test_a_plan_as_json(sim, tmp_path, state):
    """`--plan=json` prints streams and quotas, with the state taken into account."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps(tap_settings(sim.url, families=["observability"])))
    known = tmp_path / "state.json"
    end = {"replication_key_value": "2999-01-01T00:00:00+00:00"}
    known.write_text(json.dumps({"bookmarks": dict.fromkeys(TABLES, end) if state else {}}))

    arguments = ["--config", str(config), "--state", str(known), "--plan=json"]
    result = CliRunner().invoke(TapCXone.cli, arguments)

    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    tables = [plan for plan in found["streams"] if plan["family"] == "observability"]
    assert [plan["exports"] for plan in tables] == [0 if state else 1] * 4
    assert len(found["quotas"]) == (0 if state else 1)
