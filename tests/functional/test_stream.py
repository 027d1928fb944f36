"""Windows → rows → commit: what leaves, and when the bookmark moves."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.errors import JobFailed, StreamsFailed
from tap_cxone.simulator import Fault
from tests.conftest import settings_for
from tests.support.run import NOON, Killed, run_tap, select

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.simulator import RecordedRequest, Simulator
    from tests.support.run import FakeClock, Output

START = date(2026, 3, 1)
HORIZON = NOON - timedelta(minutes=30)
ENTITIES = {
    "qm_workflows": "qm-workflows",
    "qm_questions": "qm-questions",
    "recording_interaction_metadata": "recording-interaction-metadata",
}
KEYS = {
    "qm_workflows": ("workflow_id",),
    "qm_questions": ("workflow_instance_id", "question_id"),
    "recording_interaction_metadata": ("segment_id",),
}
NUMBERS = {
    *("Score (Percentage)", "Score", "Maximum Possible Score"),
    *("Actual Score", "Evaluation Score%", "Section Score%", "Max Score"),
}
BOOLEANS = {"Critical", "Failed Critical Question", "Mandatory", "Scorable"}
INSTANTS = {
    *("Start Date", "Submission Date", "Last Updated"),
    *("Interaction Start Date", "Interaction End Date"),
    *("Evaluation Start Date", "Evaluation Submission Date"),
}


@pytest.fixture
def sim(simulate):
    """Return a simulator with few rows."""
    return simulate(rows_per_day=4)


def column(title: str) -> str:
    """Return the snake_case name of a title."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+|[0-9]+", title)
    return "_".join(words).lower()


def value(entity: str, title: str, text: str) -> Any:
    """Return what a cell's text means."""
    if not text.strip():
        return None
    if title in NUMBERS:
        return float(text)
    if entity == "qm-questions" and title in BOOLEANS:
        return {"true": True, "false": False}[text]
    if title in INSTANTS:
        return datetime.fromisoformat(text).astimezone(UTC).isoformat()
    return text


def typed(entity: str, rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Return the records that rows of the truth must become."""
    return [
        {column(title): value(entity, title, text) for title, text in row.items()} for row in rows
    ]


def bare(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return records without what the tap adds to them."""
    return [
        {name: cell for name, cell in record.items() if not name.startswith("_")}
        for record in records
    ]


def posts(sim: Simulator) -> list[RecordedRequest]:
    """Return the submits so far."""
    return [seen for seen in sim.requests if seen.method == "POST" and "/jobs" in seen.path]


def ranges(sim: Simulator) -> list[tuple[str, str]]:
    """Return the dates that were asked for."""
    bodies = [json.loads(seen.body) for seen in posts(sim)]
    return [(body["startDate"], body["endDate"]) for body in bodies]


def bookmarks(out: Output, stream: str) -> list[str | None]:
    """Return a stream's bookmark in every state, in order."""
    states = [state["bookmarks"].get(stream, {}) for state in out.states]
    return [state.get("replication_key_value") for state in states]


# Rows


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_rows_equal_the_truth(simulate, clock, mode):
    """Every row of every entity leaves once, in order, each value with its declared type."""
    sim = simulate(rows_per_day=8)
    config = settings_for(sim, data_extraction={"mode": mode})

    out = run_tap(config, clock=clock)

    assert out.error is None
    for stream, entity in ENTITIES.items():
        last = [job for job in sim.jobs if job.spec.entity == entity][-1]
        truth = sim.expected_rows(entity, START, date(2026, 3, 21), last.ready_at)
        assert bare(out.records(stream)) == typed(entity, truth)
        assert len(truth) > 150
    assert sim.limit_violations == 0


def test_rows_fit_the_schema_before_them(sim, clock, config):
    """A SCHEMA with every column of a record is before it, and no column is missing."""
    out = run_tap(config, clock=clock)

    schemas: dict[str, dict[str, Any]] = {}
    for message in out.messages:
        if message["type"] == "SCHEMA":
            schemas[message["stream"]] = message["schema"]["properties"]
        if message["type"] == "RECORD":
            assert message["record"].keys() == schemas[message["stream"]].keys()
    assert schemas.keys() == {*ENTITIES, "quarantine"}


def test_rows_name_their_window(sim, clock, config):
    """Every row carries the window it was read with, and falls on a day of it."""
    out = run_tap(config, clock=clock, only="qm_workflows")

    seen = set()
    for record in out.records("qm_workflows"):
        window = record["_window_start"], record["_window_end"]
        seen.add(window)
        assert window[0] <= record["last_updated"]
        assert record["last_updated"][:10] <= window[1][:10]
    assert seen == {
        ("2026-03-01T00:00:00+00:00", "2026-03-15T00:00:00+00:00"),
        ("2026-03-15T00:00:00+00:00", "2026-03-20T11:30:00+00:00"),
    }


# Windows


def test_default_start(sim, clock, config):
    """Without start_date the first run reads the last 30 days."""
    del config["start_date"]

    run_tap(config, clock=clock, only="qm_workflows")

    assert ranges(sim)[0][0] == "2026-02-18"
    assert ranges(sim)[-1][1] == "2026-03-21"


def test_windows_adjoin(sim, clock, config):
    """Each request begins where the one before it ends, none longer than window_days."""
    config["data_extraction"]["window_days"] = 5

    run_tap(config, clock=clock, only="qm_workflows")

    assert ranges(sim) == [
        ("2026-03-01", "2026-03-06"),
        ("2026-03-06", "2026-03-11"),
        ("2026-03-11", "2026-03-16"),
        ("2026-03-16", "2026-03-21"),
    ]


def test_start_date_within_a_day(sim, clock, config):
    """A start_date within a day reads that whole day: the API knows days only."""
    config["start_date"] = "2026-03-19T17:45:00Z"

    out = run_tap(config, clock=clock, only="qm_workflows")

    truth = sim.expected_rows("qm-workflows", date(2026, 3, 19), HORIZON)
    read = {record["workflow_id"] for record in out.records("qm_workflows")}
    starts = {record["_window_start"] for record in out.records("qm_workflows")}
    assert ranges(sim) == [("2026-03-19", "2026-03-21")]
    assert starts == {"2026-03-19T00:00:00+00:00"}
    assert {row["Workflow ID"] for row in truth} <= read


def test_end_date(sim, clock, config):
    """An end_date ends the extraction: nothing after its day is asked for."""
    config["end_date"] = "2026-03-10T00:00:00Z"

    out = run_tap(config, clock=clock, only="qm_workflows")

    truth = sim.expected_rows("qm-workflows", START, date(2026, 3, 10))
    assert ranges(sim) == [("2026-03-01", "2026-03-10")]
    assert bare(out.records("qm_workflows")) == typed("qm-workflows", truth)
    assert out.bookmark("qm_workflows") == "2026-03-10T00:00:00+00:00"


def test_end_date_reached(sim, clock, config):
    """A run after end_date has been reached asks for nothing and succeeds."""
    config["end_date"] = "2026-03-10T00:00:00Z"
    first = run_tap(config, clock=clock, only="qm_workflows")

    second = run_tap(config, clock=clock, only="qm_workflows", state=first.state)

    assert second.error is None
    assert len(posts(sim)) == 1
    assert second.bookmark("qm_workflows") == "2026-03-10T00:00:00+00:00"


def test_start_date_to_come(sim, clock, config):
    """A start_date that is not past asks for nothing and succeeds."""
    config["start_date"] = "2026-03-20T11:45:00Z"

    out = run_tap(config, clock=clock, only="qm_workflows")

    assert out.error is None
    assert posts(sim) == []
    assert out.records("qm_workflows") == []


def test_newest_window(sim, clock, config):
    """The newest window ends 30 minutes ago, when the API shows every row."""
    out = run_tap(config, clock=clock, only="qm_workflows")

    assert out.bookmark("qm_workflows") == HORIZON.isoformat()


def test_settle_minutes(sim, clock, config):
    """How long ago the newest window ends is settle_minutes."""
    config["data_extraction"]["settle_minutes"] = 90

    out = run_tap(config, clock=clock, only="qm_workflows")

    assert out.bookmark("qm_workflows") == "2026-03-20T10:30:00+00:00"


def test_day_of_the_bookmark_is_read_again(sim, clock, config):
    """The next run asks again for the day the bookmark is in, and for nothing before it."""
    first = run_tap(config, clock=clock, only="qm_workflows")
    before = len(posts(sim))
    clock.sleep(timedelta(hours=3))

    second = run_tap(config, clock=clock, only="qm_workflows", state=first.state)

    starts = {record["_window_start"] for record in second.records("qm_workflows")}
    assert ranges(sim)[before:] == [("2026-03-20", "2026-03-21")]
    assert starts == {"2026-03-20T00:00:00+00:00"}
    assert second.bookmark("qm_workflows") == (clock.instant - timedelta(minutes=30)).isoformat()


def test_second_run_adds_what_is_new(simulate, clock):
    """A second run gives every row that was not there before, and no day before the bookmark's."""
    sim = simulate(rows_per_day=96)
    config = settings_for(sim, start_date="2026-03-19T00:00:00Z")
    first = run_tap(config, clock=clock, only="qm_workflows")
    clock.sleep(timedelta(hours=8))

    second = run_tap(config, clock=clock, only="qm_workflows", state=first.state)

    had = {record["workflow_id"] for record in first.records("qm_workflows")}
    got = {record["workflow_id"] for record in second.records("qm_workflows")}
    today = date(2026, 3, 20), date(2026, 3, 21), sim.jobs[-1].ready_at
    assert got == {row["Workflow ID"] for row in sim.expected_rows("qm-workflows", *today)}
    assert 25 <= len(got - had) <= 40


def test_runs_around_the_clock_miss_no_late_row(simulate, clock):
    """Run after run, through two midnights, the union by key is every row that can be seen."""
    sim = simulate(rows_per_day=72)
    config = settings_for(sim, start_date="2026-03-20T00:00:00Z")
    union: dict[str, dict[str, Any]] = {}
    state = None
    hours = (3, 8, 0.8, 0.2, 0.2, 0.15, 0.2, 6, 17.4, 0.3, 0.3, 0.3)
    for step in hours:
        clock.sleep(timedelta(hours=step))
        out = run_tap(config, clock=clock, only="qm_workflows", state=state)
        assert out.error is None
        state = out.state
        union |= {record["workflow_id"]: record for record in out.records("qm_workflows")}

    truth = sim.expected_rows(
        "qm-workflows", date(2026, 3, 20), date(2026, 3, 23), sim.jobs[-1].ready_at
    )
    assert union.keys() == {row["Workflow ID"] for row in truth}
    assert typed("qm-workflows", truth) == bare(
        [union[row["Workflow ID"]] for row in truth],
    )
    assert sim.limit_violations == 0


def test_lookback(sim, clock, config):
    """With lookback_days the days before the bookmark are read again."""
    first = run_tap(config, clock=clock, only="qm_workflows")
    before = len(posts(sim))
    config["lookback_days"] = 3

    second = run_tap(config, clock=clock, only="qm_workflows", state=first.state)

    assert ranges(sim)[before:] == [("2026-03-17", "2026-03-21")]
    truth = sim.expected_rows(
        "qm-workflows", date(2026, 3, 17), date(2026, 3, 21), sim.jobs[-1].ready_at
    )
    assert bare(second.records("qm_workflows")) == typed("qm-workflows", truth)


def test_lookback_never_moves_the_bookmark_back(sim, clock, config):
    """While older windows are read again, the bookmark stays where it was."""
    first = run_tap(config, clock=clock, only="qm_workflows")
    config["lookback_days"] = 4
    config["data_extraction"]["window_days"] = 1

    second = run_tap(config, clock=clock, only="qm_workflows", state=first.state)

    assert len(set(bookmarks(second, "qm_workflows"))) == 2
    assert min(filter(None, bookmarks(second, "qm_workflows"))) == HORIZON.isoformat()


def test_lookback_stops_at_the_start_date(sim, clock, config):
    """Looking back does not go beyond start_date."""
    first = run_tap(config, clock=clock, only="qm_workflows")
    before = len(posts(sim))
    config["lookback_days"] = 90

    run_tap(config, clock=clock, only="qm_workflows", state=first.state)

    assert ranges(sim)[before][0] == "2026-03-01"


# Commit


def test_state_is_never_ahead_of_rows(simulate, clock):
    """Wherever the output is cut: the rows of all windows up to a bookmark stand before it."""
    sim = simulate(rows_per_day=3)
    config = settings_for(sim, data_extraction={"window_days": 3})

    out = run_tap(config, clock=clock)

    checked = 0
    for place, message in enumerate(out.messages):
        if message["type"] != "STATE":
            continue
        for stream, state in message["value"]["bookmarks"].items():
            if bookmark := state.get("replication_key_value"):
                late = [m for m in out.messages[place:] if m.get("stream") == stream]
                ends = [m["record"]["_window_end"] for m in late if m["type"] == "RECORD"]
                assert all(end > bookmark for end in ends)
                checked += 1
    assert checked > 20


def test_bookmark_moves_at_commits_only(simulate, clock):
    """The bookmark takes the ends of the windows, one after the other, and nothing between."""
    sim = simulate(rows_per_day=3)
    config = settings_for(sim, start_date="2026-03-18T00:00:00Z")
    config["data_extraction"]["window_days"] = 1

    out = run_tap(config, clock=clock, only="qm_workflows")

    assert list(dict.fromkeys(bookmarks(out, "qm_workflows"))) == [
        None,
        "2026-03-19T00:00:00+00:00",
        "2026-03-20T00:00:00+00:00",
        "2026-03-20T11:30:00+00:00",
    ]


def test_a_commit_follows_its_last_row_at_once(simulate, clock):
    """The first message after the last row of a window is the STATE with its end."""
    sim = simulate(rows_per_day=3)
    config = settings_for(sim, data_extraction={"window_days": 7})

    out = run_tap(config, clock=clock, only="qm_workflows")

    pairs = list(zip(out.messages, out.messages[1:], strict=False))
    after = [(m["record"]["_window_end"], n) for m, n in pairs if m["type"] == "RECORD"]
    ends = [(end, message) for end, message in after if message["type"] == "STATE"]
    assert len(ends) == 3
    for end, message in ends:
        assert message["value"]["bookmarks"]["qm_workflows"]["replication_key_value"] == end


def test_an_empty_window_moves_the_bookmark(simulate, clock):
    """A quiet time is committed too, else it would be asked for again for ever."""
    sim = simulate(rows_of={"qm-workflows": 0})

    out = run_tap(settings_for(sim), clock=clock, only="qm_workflows")

    assert out.records("qm_workflows") == []
    assert out.bookmark("qm_workflows") == HORIZON.isoformat()


def test_bookmarks_have_one_format(sim, clock, config):
    """Bookmarks are UTC with `+00:00`, also if the start date had another offset."""
    config["start_date"] = "2026-03-18T00:00:00+05:30"

    out = run_tap(config, clock=clock)

    assert ranges(sim)[0][0] == "2026-03-17"
    for stream in ENTITIES:
        found = {bookmark for bookmark in bookmarks(out, stream) if bookmark}
        assert found
        assert all(re.fullmatch(r"[0-9-]{10}T[0-9:]{8}\+00:00", text) for text in found)


def test_full_table_commits_nothing(sim, clock, config):
    """A stream that a catalog makes FULL_TABLE has no bookmark in any state."""
    catalog = select(config, "qm_workflows")
    for stream in catalog["streams"]:
        stream["replication_method"] = "FULL_TABLE"
        for item in stream["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["forced-replication-method"] = "FULL_TABLE"

    out = run_tap(config, clock=clock, catalog=catalog)

    assert out.error is None
    assert len(out.records("qm_workflows")) > 70
    assert set(bookmarks(out, "qm_workflows")) == {None}


def test_full_table_reads_all_again(sim, clock, config):
    """A FULL_TABLE stream begins at start_date whatever its bookmark says."""
    state = run_tap(config, clock=clock, only="qm_workflows").state
    before = len(posts(sim))
    catalog = select(config, "qm_workflows")
    for stream in catalog["streams"]:
        stream["replication_method"] = "FULL_TABLE"

    run_tap(config, clock=clock, catalog=catalog, state=state)

    assert ranges(sim)[before][0] == "2026-03-01"


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_one_state_a_submit_and_one_a_commit(simulate, clock, mode):
    """Between two submits there are exactly two STATE: after the submit, and at the commit."""
    sim = simulate(rows_per_day=2)
    config = settings_for(sim, start_date="2026-03-15T00:00:00Z")
    config["data_extraction"] = {"mode": mode, "window_days": 2}

    out = run_tap(config, clock=clock, only="qm_workflows")

    windows = len(posts(sim))
    assert windows == 3
    assert len(out.states) == 2 * windows + 1  # and the SDK's at the end


def test_state_right_after_a_submit_holds_the_job(simulate, clock):
    """Right after each asynchronous submit a STATE with the job leaves, before any poll."""
    sim = simulate()
    config = settings_for(sim, data_extraction={"mode": "async"})

    out = run_tap(config, clock=clock, only="qm_workflows", cut_after=2)

    (job,) = sim.jobs
    (pending,) = out.state["bookmarks"]["qm_workflows"]["pending_jobs"]
    assert isinstance(out.error, Killed)
    assert pending["id"] == job.id
    assert (pending["start"], pending["end"]) == (
        "2026-03-01T00:00:00+00:00",
        "2026-03-15T00:00:00+00:00",
    )
    assert pending["submitted_at"] == job.submitted_at.isoformat()
    assert not [seen for seen in sim.requests if job.id in seen.path]


def test_every_job_is_remembered_until_its_commit(simulate, clock):
    """Each job is in the states from its submit to its window's commit, and in none later."""
    sim = simulate(rows_per_day=2)
    config = settings_for(sim, data_extraction={"mode": "async", "window_days": 4})

    out = run_tap(config, clock=clock, only="qm_workflows")

    found = [state["bookmarks"]["qm_workflows"].get("pending_jobs", []) for state in out.states]
    ids = [[job["id"] for job in pending] for pending in found]
    assert ids == [step for job in sim.jobs for step in ([job.id], [])] + [[]]


def test_sync_submits_leave_no_job(simulate, clock):
    """A synchronous answer has no job to take up, and none is remembered."""
    sim = simulate()
    config = settings_for(sim, data_extraction={"mode": "sync"})

    out = run_tap(config, clock=clock, only="qm_workflows")

    assert all(
        "pending_jobs" not in state["bookmarks"].get("qm_workflows", {}) for state in out.states
    )


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_state_does_not_grow_with_windows(simulate, clock, mode):
    """The largest STATE of sixteen windows is as long as that of two."""
    sim = simulate(rows_per_day=1)

    def largest(days: int) -> int:
        config = settings_for(sim, start_date=f"2026-03-{20 - days:02d}T00:00:00Z")
        config["data_extraction"] = {"mode": mode, "window_days": 1}
        out = run_tap(config, clock=clock, only="qm_workflows")
        assert len(out.states) == 2 * days + 3
        return max(len(json.dumps(state)) for state in out.states)

    first, again = largest(1), largest(15)
    assert abs(first - again) <= len(".000000") * 2  # fractions of seconds


# Failures


def failing(simulate: Callable[..., Simulator], clock: FakeClock) -> tuple[Simulator, Output]:
    """Run all streams while the second job of qm_workflows fails."""
    sim = simulate(rows_per_day=4)
    sim.faults.add(Fault("async", "job-failed", after=3, body="Out of paper"))
    config = settings_for(sim, data_extraction={"mode": "async"})
    return sim, run_tap(config, clock=clock)


def test_a_failing_stream_leaves_the_others_complete(simulate, clock):
    """The other streams read everything and move their bookmarks to the horizon."""
    sim, out = failing(simulate, clock)

    for stream in ("qm_questions", "recording_interaction_metadata"):
        entity = ENTITIES[stream]
        last = [job for job in sim.jobs if job.spec.entity == entity][-1]
        truth = sim.expected_rows(entity, START, date(2026, 3, 21), last.ready_at)
        assert bare(out.records(stream)) == typed(entity, truth)
        assert (out.bookmark(stream) or "") >= HORIZON.isoformat()


def test_a_failing_stream_keeps_what_it_committed(simulate, clock):
    """The bookmark of the failing stream is the end of its last whole window."""
    sim, out = failing(simulate, clock)

    truth = sim.expected_rows("qm-workflows", START, date(2026, 3, 15))
    assert out.bookmark("qm_workflows") == "2026-03-15T00:00:00+00:00"
    assert bare(out.records("qm_workflows")) == typed("qm-workflows", truth)


def test_the_error_names_the_failing_stream(simulate, clock):
    """The run ends with StreamsFailed: one line a failed stream, with the reason."""
    _, out = failing(simulate, clock)

    assert isinstance(out.error, StreamsFailed)
    assert isinstance(out.error.failures["qm_workflows"], JobFailed)
    (line,) = out.error.lines()
    assert "qm_workflows" in line
    assert "Out of paper" in line


def test_every_failing_stream_has_a_line(simulate, clock):
    """Two streams that fail are two lines."""
    sim = simulate(forbidden=frozenset({"qm-questions", "qm-workflows"}))

    out = run_tap(settings_for(sim), clock=clock)

    assert isinstance(out.error, StreamsFailed)
    assert [line.split("'")[1] for line in out.error.lines()] == ["qm_questions", "qm_workflows"]


def test_the_next_run_mends_a_failure(simulate, clock):
    """After a failure the next run reads what is missing, from the failed window on."""
    sim, out = failing(simulate, clock)
    before = len(posts(sim))
    config = settings_for(sim, data_extraction={"mode": "async"})

    second = run_tap(config, clock=clock, only="qm_workflows", state=out.state)

    assert second.error is None
    assert ranges(sim)[before] == ("2026-03-15", "2026-03-21")
    both = {r["workflow_id"] for o in (out, second) for r in o.records("qm_workflows")}
    truth = sim.expected_rows("qm-workflows", START, date(2026, 3, 21), sim.jobs[-1].ready_at)
    assert both == {row["Workflow ID"] for row in truth}
