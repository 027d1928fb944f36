from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_cxone.config.types import COLUMN_TYPES
from tap_cxone.errors import StateError
from tap_cxone.jobs.job import Job
from tap_cxone.rows.column_map import ColumnMap
from tap_cxone.rows.titles import Title
from tap_cxone.simulator.settings import ALL_FAMILIES as FAMILIES
from tap_cxone.streams.state import StreamState, read_state
from tap_cxone.tap import TapCXone
from tap_cxone.windows import Window
from tests.support.examples import csv_jobs, paged_rows, quota_jobs, report_runs
from tests.support.ids import readable
from tests.support.properties import examples, many
from tests.support.run import FakeClock

DAY = timedelta(days=1)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
JOB = Job("7f3", Window(FIRST, FIRST + 14 * DAY), FIRST + 20 * DAY, "qm-workflows/4")
OTHER = Job("8a1", Window(FIRST + 14 * DAY, FIRST + 15 * DAY), FIRST + 20 * DAY, "x")

instants = st.datetimes(
    datetime(1995, 1, 1),  # noqa: DTZ001 (hypothesis adds the zone)
    datetime(2037, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
jobs = st.builds(
    lambda **stored: Job(**stored),  # noqa: PLW0108 (hypothesis cannot read the types of Job)
    id=st.text(min_size=1),
    window=st.builds(
        lambda start, length: Window(start, start + length),
        instants,
        st.timedeltas(timedelta(seconds=1), timedelta(days=30)),
    ),
    submitted_at=instants,
    fingerprint=st.text(),
)
titles = st.builds(
    lambda text, ordinal: Title(text, ordinal=ordinal), st.text(max_size=5), st.integers(1, 4)
)
column_maps = st.builds(
    lambda names, retired: ColumnMap(names, retired=retired),
    st.dictionaries(titles, st.text(min_size=1, max_size=5), max_size=4),
    st.frozensets(st.text(min_size=1, max_size=5), max_size=2),
)

stamps = st.sampled_from(
    [
        *("2026-01-31T00:00:00+00:00", "2026-01-01", "0001-01-01T00:00:00+01:00", "yesterday"),
        "9999-12-31T23:59:59-05:00",
    ]
)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | stamps
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
pending = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("id", "start", "end", "submitted_at", "fingerprint"), stamps | anything
    ),
)
family = st.just(csv_jobs.FAMILY) | st.text(max_size=3)
stream_states = st.fixed_dictionaries(
    {},
    optional={
        "replication_key_value": stamps | anything,
        "pending_jobs": st.lists(pending | anything, max_size=2) | anything,
        "submits": st.dictionaries(family, st.lists(stamps, max_size=2) | anything) | anything,
        "columns": st.lists(st.fixed_dictionaries({"name": anything}) | anything)
        | st.dictionaries(st.text(max_size=3), st.lists(st.text(max_size=3) | anything, max_size=2))
        | anything,
        "retired_columns": st.lists(st.text(max_size=3), max_size=2) | anything,
        "column_types": st.dictionaries(st.text(max_size=3), st.sampled_from(COLUMN_TYPES))
        | anything,
        "absent_columns": st.lists(st.text(max_size=3), max_size=2) | anything,
        "date_orders": st.dictionaries(st.text(max_size=3), st.just("day_first") | anything)
        | anything,
        "date_votes": st.dictionaries(st.text(max_size=3), st.integers(0, 2) | anything) | anything,
        "version": st.sampled_from([0, 1, 2, 3]),
        "tenant_info": st.dictionaries(family, anything) | anything,
    },
)
states = st.fixed_dictionaries(
    {}, optional={"bookmarks": st.dictionaries(st.just("s"), stream_states | anything) | anything}
)


@pytest.fixture
def state():
    return StreamState("qm_workflows", {})


def reread(state):
    """Return the state as the next run reads it."""
    return StreamState(state.stream, json.loads(json.dumps(state.raw)))


def test_first_run_remembers_nothing(state):
    """A stream without state has no bookmark, and nothing to take up."""
    assert state.bookmark() is None
    assert state.pending_jobs() == []
    assert state.column_map() == ColumnMap()
    assert state.column_types() == {}
    assert state.absent_columns() == []
    assert state.submit_times(csv_jobs.FAMILY) == []
    assert state.tenant_info(csv_jobs.FAMILY) == {}


@pytest.mark.parametrize(
    "text", ["2026-01-31T00:00:00+00:00", "2026-01-31T00:00:00Z", "2026-01-31", "2026-01-31T00:00"]
)
def test_bookmark(text):
    """The bookmark is an instant in UTC."""
    found = StreamState("s", {"replication_key_value": text}).bookmark()

    assert found == datetime(2026, 1, 31, tzinfo=UTC)


# Round trips


@pytest.mark.promise("pending-jobs")
@many
@given(st.lists(jobs, max_size=4))
def test_pending_jobs_come_back(remembered):
    """The next run knows every pending job as this one did, in the same order."""
    state = StreamState("s", {})
    state.set_pending_jobs(remembered)

    assert reread(state).pending_jobs() == remembered


@pytest.mark.promise("shared-limits")
@many
@given(st.lists(instants, max_size=4))
def test_submits_come_back(times):
    """The next run knows every submit that counts."""
    state = StreamState("s", {})
    state.set_submit_times(csv_jobs.FAMILY, times)

    assert reread(state).submit_times(csv_jobs.FAMILY) == times


@many
@given(column_maps)
def test_column_map_comes_back(column_map):
    """The next run knows the column of every title, and every name that is used up."""
    state = StreamState("s", {})
    state.set_column_map(column_map)

    assert reread(state).column_map() == column_map


@many
@given(st.dictionaries(st.text(), st.sampled_from(COLUMN_TYPES), max_size=4))
def test_column_types_come_back(types):
    """The next run knows every type; a string is the default and is not stored."""
    state = StreamState("s", {})
    state.set_column_types(types)

    found = reread(state).column_types()

    assert found == {name: t for name, t in types.items() if t != "string"}


@many
@given(st.dictionaries(st.text(), st.booleans() | st.text(), max_size=4))
def test_traits_come_back(traits):
    """The next run knows what was learned of the tenant."""
    state = StreamState("s", {})
    state.set_tenant_info(csv_jobs.FAMILY, traits)

    assert reread(state).tenant_info(csv_jobs.FAMILY) == traits


@many
@given(st.lists(jobs, max_size=2), st.lists(instants, max_size=2), column_maps)
def test_what_is_written_can_be_read(remembered, times, learned):
    """A state that the tap wrote passes its own check."""
    state = StreamState("s", {"replication_key_value": "2026-01-31T00:00:00+00:00"})
    state.set_pending_jobs(remembered)
    state.set_submit_times(csv_jobs.FAMILY, times)
    state.set_column_map(learned)
    state.set_column_types({"a": "number"})
    state.set_absent_columns(["a"])

    read_state({"bookmarks": {"s": reread(state).raw}})


def test_times_are_written_in_one_format(state):
    """Every instant in the state is UTC, `+00:00`."""
    state.set_pending_jobs([JOB])
    state.set_submit_times(csv_jobs.FAMILY, [FIRST])

    assert state.raw == {
        "pending_jobs": [
            {
                "id": "7f3",
                "start": "2026-01-01T00:00:00+00:00",
                "end": "2026-01-15T00:00:00+00:00",
                "submitted_at": "2026-01-21T00:00:00+00:00",
                "fingerprint": "qm-workflows/4",
            }
        ],
        "submits": {csv_jobs.FAMILY: ["2026-01-01T00:00:00+00:00"]},
        "version": 3,
    }


# Changes


def test_keep_pending_takes_a_generator_over_itself(state):
    """The jobs to keep may be chosen while they are read."""
    state.set_pending_jobs([JOB, OTHER])
    state.set_pending_jobs(job for job in state.pending_jobs() if job.id == OTHER.id)

    assert state.pending_jobs() == [OTHER]


def test_submits_of_another_family(state):
    """The submits of one family are not those of another."""
    state.set_submit_times(csv_jobs.FAMILY, [FIRST])

    assert state.submit_times(quota_jobs.FAMILY) == []


def test_state_without_values_is_empty(state):
    """What is over takes no room in the state."""
    state.set_pending_jobs([JOB])
    state.set_submit_times(csv_jobs.FAMILY, [FIRST])
    state.set_tenant_info(csv_jobs.FAMILY, {"no_sync_endpoint": True})
    state.set_pending_jobs([])
    state.set_submit_times(csv_jobs.FAMILY, [])
    state.set_tenant_info(csv_jobs.FAMILY, {})
    state.set_column_map(ColumnMap())
    state.set_column_types({})
    state.set_absent_columns([])

    assert state.raw == {}


def test_bookmark_does_not_move():
    """What is beside the bookmark changes without it."""
    state = StreamState("s", {"replication_key_value": "2026-01-31", "of_others": 1})
    state.set_pending_jobs([JOB])
    state.set_pending_jobs([])

    assert state.raw == {"replication_key_value": "2026-01-31", "of_others": 1}


# What cannot be read


def test_state_message_as_a_state_is_refused():
    """A STATE message is refused: as a state it would be an empty one, and all be read again."""
    with pytest.raises(StateError, match=r"the .value"):
        read_state({"type": "STATE", "value": {"bookmarks": {}}})


@pytest.mark.parametrize(
    "raw",
    [
        {"replication_key_value": "yesterday"},
        {"replication_key_value": 20260131},
        {"replication_key_value": "0001-01-01T00:00:00+01:00"},
        {"pending_jobs": None},
        {"pending_jobs": 1},
        {"pending_jobs": ["7f3"]},
        {"pending_jobs": [{"id": "7f3"}]},
        {"pending_jobs": [{**dict.fromkeys(("start", "end", "submitted_at"), "2026-01-01")}]},
        {"submits": None},
        {"submits": 5},
        {"submits": ["2026-01-01"]},
        {"submits": []},
        {"submits": {csv_jobs.FAMILY: "2026-01-01"}},
        {"submits": {csv_jobs.FAMILY: ["soon"]}},
        {"submits": {csv_jobs.FAMILY: None}},
        {"columns": [{"title": "a"}]},
        {"columns": ["a"]},
        {"tenant_info": None},
        {"tenant_info": ["no_sync_endpoint"]},
        {"tenant_info": {csv_jobs.FAMILY: 1}},
    ],
    ids=json.dumps,
)
def test_unreadable_state_is_refused(raw):
    """A state of another shape is refused before anything runs; the message names the stream."""
    with pytest.raises(StateError, match=r"qm_workflows.*[Rr]estore"):
        read_state({"bookmarks": {"qm_workflows": raw}})


@pytest.mark.parametrize(
    "state",
    [
        *(None, [], "x", 1, {"bookmarks": []}, {"bookmarks": None}, {"bookmarks": {"s": None}}),
        *({"bookmark": {}}, {"other": 1}, {"singer_state": 1}),
    ],
    ids=readable,
)
def test_no_state_at_all(state):
    """What has not the shape of a Singer state is refused; the message shows the shape."""
    with pytest.raises(StateError, match="bookmarks"):
        read_state(state)


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"bookmarks": {}},
        {"bookmarks": {"s": {}}},
        {"bookmarks": {"s": {"replication_key": "_window_end", "starting_replication_value": 1}}},
        {"bookmarks": {"s": {"replication_key_value": None}}, "more": 1},
        {"completed": {"singer_state": {"bookmarks": {}}}, "partial": {}},
    ],
    ids=json.dumps,
)
def test_readable_state(state):
    """An empty state, and what others keep in it, are no problem."""
    read_state(state)


@many
@given(states | anything)
@example({"bookmarks": {"s": {"submits": ""}}})
@example({"bookmarks": {"s": {"tenant_info": []}}})
def test_any_json_is_understood_or_refused(state):
    """Any state is refused by the check with a StateError, or can be read to its end."""
    try:
        read_state(state)
    except StateError:
        return

    for name, raw in state.get("bookmarks", {}).items():
        stream = StreamState(name, raw)
        stream.bookmark()
        stream.pending_jobs()
        stream.column_map()
        stream.column_types()
        stream.absent_columns()
        stream.date_orders()
        stream.date_votes()
        stream.submit_times(csv_jobs.FAMILY)
        stream.tenant_info(csv_jobs.FAMILY)


_REPORT = {
    "name": "agent_report",
    "type": "agent",
    "metrics": ["talkTime"],
    "dimensions": ["agentId"],
}
EVERYTHING = {
    **dict.fromkeys(("access_key_id", "access_key_secret", "client_id", "client_secret"), "any"),
    "tenant": "acme",
    "timezone": "UTC",
    report_runs.FAMILY: {"reports": [_REPORT]},
}
CATALOG = TapCXone(config=EVERYTHING).catalog_dict
NAMES = [stream["tap_stream_id"] for stream in CATALOG["streams"]]
traits = st.fixed_dictionaries(
    {},
    optional={
        "no_sync_endpoint": anything,
        "copilot_knowledge_suggestions": anything,
        "catalogue": st.fixed_dictionaries(
            {}, optional={"version": anything, "digest": anything, "packed": anything}
        )
        | anything,
        "zone": anything,
    },
)
old_states = st.fixed_dictionaries(
    {
        "bookmarks": st.dictionaries(
            st.sampled_from(NAMES),
            stream_states
            | st.builds(
                lambda found, kept, days: {**found, "tenant_info": kept, "window_days": days},
                stream_states,
                st.dictionaries(st.sampled_from(FAMILIES), traits),
                anything,
            ),
            max_size=3,
        )
    }
)


@pytest.mark.ci
@examples(40)
@given(old_states)
@example(
    {
        "bookmarks": {
            "agent_report": {"tenant_info": {paged_rows.FAMILY: {"catalogue": {"packed": [{}]}}}}
        }
    }
)
@example(
    {"bookmarks": {"agent_report": {"tenant_info": {paged_rows.FAMILY: {"catalogue": False}}}}}
)
def test_any_state_is_understood_or_refused(state):
    """A tap with any state of its streams begins and plans, or says that the state is no good."""
    text = json.dumps(state)
    try:
        tap = TapCXone(config=EVERYTHING, state=json.loads(text), clock=FakeClock())
        lines = [str(plan) for plan in tap.plans()]
    except StateError as error:
        assert "state" in str(error)  # noqa: PT017 (either is right)
        return

    assert lines


@many
@given(stream_states)
def test_reading_fails_only_with_a_state_error(raw):
    """Without the check, every reader still fails with a StateError or not at all."""
    stream = StreamState("s", raw)
    readers = [
        stream.bookmark,
        stream.pending_jobs,
        stream.column_map,
        stream.column_types,
        stream.absent_columns,
        stream.date_orders,
        stream.date_votes,
        lambda: stream.submit_times(csv_jobs.FAMILY),
        lambda: stream.tenant_info(csv_jobs.FAMILY),
    ]

    for reader in readers:
        try:
            reader()
        except StateError as error:
            assert "'s'" in str(error)  # noqa: PT017 (either is right)
