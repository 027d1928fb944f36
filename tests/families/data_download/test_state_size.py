"""Data download: the size of STATE with many different metrics, and what it still knows."""

from __future__ import annotations

import hashlib
import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tap_cxone.config.types import COLUMN_TYPES
from tap_cxone.errors import StateError
from tap_cxone.rows.columns import source_column
from tap_cxone.rows.title_digests import TitleDigests
from tap_cxone.rows.titles import Title, default_name
from tap_cxone.simulator.metrics import CustomMetric, MetricType
from tap_cxone.streams.schema import Declaration
from tap_cxone.streams.state import StreamState
from tap_cxone.streams.stream_columns import StreamColumns
from tap_cxone.tap import TapCXone
from tests.support.data_download import (
    download_settings,
    interaction,
    page,
    run_downloads,
    serve_pages,
)
from tests.support.expectations import audit_events, warnings_logged
from tests.support.properties import many

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock, Output


def metric_names(stream: int, number: int = 300) -> list[str]:
    """Return so many names of metrics, whose digits no compression shortens."""
    digests = (hashlib.sha256(f"{stream} {n}".encode()).hexdigest()[:12] for n in range(number))
    return [f"talkTime{digest}" for digest in digests]


def entry_of(stream: int, names: list[str], key: str = "metrics") -> dict[str, Any]:
    """Return a download of these metrics."""
    keys = ["interactionId", "agentId"]
    return {
        "name": f"d{stream:02}",
        "report": "Interaction/Call",
        key: names,
        "group_by": keys,
    }


def run_metric_lists(
    sim: Simulator,
    clock: FakeClock,
    *lists: list[str],
    number: int = 1,
    key: str = "metrics",
    **options: Any,
) -> Output:
    """Run one download for each list of metrics, with one row for the last of so many days."""
    entries = [entry_of(n, names, key) for n, names in enumerate(lists)]
    for names in lists:
        values: dict[str, Any] = {name: n for n, name in enumerate(names)}
        own = values if key == "metrics" else {"customMetrics": dict.fromkeys(names)}
        serve_pages(sim, page(interaction(0, **own)))
    config = download_settings(sim, number, own={"downloads": entries})
    return run_downloads(config, clock, *(entry["name"] for entry in entries), **options)


def other_values(record: dict[str, Any]) -> list[Any]:
    """Return the values of the columns that have the name `talk_time_a` with a suffix."""
    values = (value for name, value in record.items() if name.startswith("talk_time_a_"))
    return [value for value in values if value is not None]


@pytest.mark.slow
def test_state_of_twenty_downloads_of_different_metrics_is_small(simulate, clock):
    """STATE stays under 20 kB with 6,000 metrics whose names are no names of columns."""
    out = run_metric_lists(simulate(), clock, *(metric_names(n) for n in range(20)))

    assert out.error is None
    assert max(len(json.dumps(state)) for state in out.states) < 20_000
    assert len(json.dumps(out.state)) < 15_000


@pytest.mark.slow
def test_state_of_twenty_downloads_of_different_custom_metrics_is_small(simulate, clock):
    """STATE stays under 20 kB if the catalogue is too large for it, whatever the types are."""
    lists = [metric_names(n) for n in range(20)]
    types: Iterator[MetricType] = itertools.cycle(("number", "string", "integer"))
    published = [
        CustomMetric(id=name, name=name, type=next(types)) for names in lists for name in names
    ]
    sim = simulate(catalogue=published)

    out = run_metric_lists(sim, clock, *lists, key="custom_metrics")

    assert out.error is None
    assert max(len(json.dumps(state)) for state in out.states) < 20_000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("downloads", "metrics"), [(9, 300), (20, 300), (9, 87), (20, 36)], ids=str
)
def test_state_of_irregular_metrics_is_small(simulate, clock, downloads, metrics):
    """So does STATE with metrics whose titles are no regular forms of the names of their columns.

    Of 9 downloads with 87 such metrics each, and of 20 with 36, STATE has the most digests.
    """
    lists = [[f"{name}TIME" for name in metric_names(n, metrics)] for n in range(downloads)]

    out = run_metric_lists(simulate(), clock, *lists)

    assert out.error is None
    assert max(len(json.dumps(state)) for state in out.states) < 20_000


@pytest.mark.slow
def test_state_of_300_downloads_is_small(simulate, clock):
    """So does STATE with so many streams that their bookmarks are packed too."""
    out = run_metric_lists(simulate(), clock, *(metric_names(n, 1) for n in range(300)))

    assert out.error is None
    assert max(len(json.dumps(state)) for state in out.states) < 20_000
    assert out.state["bookmarks"] == {}


@pytest.mark.slow
def test_state_of_metrics_that_vanish_is_small(simulate, clock):
    """STATE has no list of the requested metrics that the last file lacked."""
    sim, lists = simulate(), [metric_names(n) for n in range(8)]
    first = run_metric_lists(sim, clock, *lists)
    entries = [entry_of(n, names) for n, names in enumerate(lists)]
    serve_pages(sim, *(page(interaction(0, **{names[0]: 1})) for names in lists))
    config = download_settings(sim, 2, own={"downloads": entries})

    out = run_downloads(config, clock, *(e["name"] for e in entries), state=first.state)

    assert (first.error, out.error) == (None, None)
    assert max(len(json.dumps(state)) for state in out.states) < 20_000


@pytest.mark.parametrize("number", [5, 30], ids=["titles", "digests"])
def test_unrequested_metric_does_not_get_the_column_of_a_former_one(simulate, clock, number):
    """A metric that a page has unrequested gets a new column, if its name was another one's."""
    sim, names = simulate(), metric_names(0, number)
    first = run_metric_lists(sim, clock, ["talkTimeA", *names])
    serve_pages(sim, page(interaction(0, **dict.fromkeys(names, 1), talk_time_a=7)))
    config = download_settings(sim, 2, own={"downloads": [entry_of(0, names)]})

    second = run_downloads(config, clock, "d00", state=first.state)

    (record,) = second.records("d00")
    assert (record.get("talk_time_a"), other_values(record)) == (None, ["7"])


def test_former_metric_that_comes_unrequested_keeps_its_column(simulate, clock):
    """A metric whose title STATE has as a digest gets its column again."""
    sim, names = simulate(), metric_names(0, 30)
    first = run_metric_lists(sim, clock, ["talkTimeA", *names])
    serve_pages(sim, page(interaction(0, **dict.fromkeys(names, 1), talkTimeA=7)))
    config = download_settings(sim, 2, own={"downloads": [entry_of(0, names)]})

    second = run_downloads(config, clock, "d00", state=first.state)

    (record,) = second.records("d00")
    assert (record["talk_time_a"], other_values(record)) == ("7", [])


@pytest.mark.parametrize("number", [5, 30], ids=["titles", "digests"])
def test_metric_keeps_its_column_beside_a_later_one_of_its_name(simulate, clock, number):
    """A metric that is requested later gets another column, whatever STATE has of the first one."""
    sim, names = simulate(), ["talkTimeA", *metric_names(0, number)]
    first = run_metric_lists(sim, clock, names)

    out = run_metric_lists(sim, clock, ["talk_time_a", *names], number=2, state=first.state)

    (before,), (after,) = first.records("d00"), out.records("d00")
    assert out.error is None
    assert ("title_digests" in first.state["bookmarks"]["d00"]) == (number > 20)
    assert before["talk_time_a"] == 0
    assert other_values(after) == [0]
    assert after["talk_time_a"] == 1


@pytest.mark.parametrize("number", [5, 30], ids=["titles", "digests"])
@pytest.mark.parametrize("later", ["talk_time_a", "TalkTimeA", "talkTime__A"], ids=str)
def test_metric_with_the_name_of_a_former_one_gets_another_column(simulate, clock, number, later):
    """A metric that replaces another one of its name has no value in the column of that."""
    sim, names = simulate(), metric_names(0, number)
    first = run_metric_lists(sim, clock, ["talkTimeA", *names])

    second = run_metric_lists(sim, clock, [later, *names], number=2, state=first.state)
    third = run_metric_lists(sim, clock, [*names, "talkTimeA"], number=3, state=second.state)

    ((after,), (again,)) = (out.records("d00") for out in (second, third))
    assert (after.get("talk_time_a"), other_values(after)) == (None, [0])
    assert (again["talk_time_a"], other_values(again)) == (number, [])


def test_metric_with_the_name_of_a_former_one_is_no_absent_one(simulate, clock, caplog):
    """No warning says that a metric is in no row, whose column has another name."""
    sim = simulate()
    first = run_metric_lists(sim, clock, ["talkTimeA"])

    run_metric_lists(sim, clock, ["talk_time_a"], number=2, state=first.state)

    assert not [w for w in warnings_logged(caplog) if "requested, and in none" in w]


@pytest.mark.parametrize("changed", ["string", "integer"])
def test_metric_whose_title_is_a_digest_is_reported_if_its_type_changes(
    simulate, clock, audit_log, changed
):
    """The type of a metric before is known although STATE has a digest only."""
    sim, names = simulate(), metric_names(0, 30)
    entry = entry_of(0, names)
    first = run_metric_lists(sim, clock, names)
    second = run_metric_lists(sim, clock, names, number=2, state=first.state)
    entry["columns"] = {names[0]: {"type": changed}}
    serve_pages(sim, page(interaction(0, **dict.fromkeys(names, 1))))
    config = download_settings(
        sim, 3, own={"downloads": [entry]}, audit_log_path=str(audit_log), on_type_change="alter"
    )

    third = run_downloads(config, clock, "d00", state=second.state)

    (event,) = audit_events(audit_log, "column_retyped")
    assert (first.error, second.error, third.error) == (None, None, None)
    assert (event["old"], event["new"]) == ("number", changed)


CROWD = ["talkTime", "talkTIME", "Talk Time", "cm_fed", "cmFed", "talk_time"]


def crowded_columns(state: StreamState, titles: list[str]) -> dict[str, str]:
    """Return the columns of titles that are too many for digests, and store what STATE needs."""
    columns = (source_column(title, "A metric.", "number") for title in titles)
    requested = tuple(structs.replace(column, requested=True) for column in columns)
    declaration = Declaration("d00", requested, ("id",), max_digests=1)
    known = StreamColumns(declaration, state, "alter")
    assigned = known.known.column_map.assign(titles, known.known.columns)
    names = dict(zip(titles, (column.name for column in assigned), strict=True))
    known.learn({Title(title): name for title, name in names.items()})
    known.store(state)
    return names


@many
@given(st.permutations(CROWD), st.permutations(CROWD))
def test_names_of_a_crowd_of_metrics_follow_from_their_titles(first, second):
    """Of metrics that are too many for digests STATE has nothing, and their columns stay apart."""
    state = StreamState("d00", {})
    pairs = (first[:2], second[:3], first[2:], second)

    runs = [crowded_columns(state, titles) for titles in pairs]

    assert "columns" not in state.raw
    assert state.raw["title_digests"] == {"complete": False}
    assert all(names.items() <= runs[-1].items() for names in runs)
    assert len(set(runs[-1].values())) == len(CROWD)
    assert (runs[-1]["talkTime"], runs[-1]["cm_fed"]) == ("talk_time", "cm_fed")


NO_DIGESTS = [["x"], {"number": 1}, {"number": [1.5]}, {"money": [1]}]


@pytest.mark.parametrize("digests", NO_DIGESTS, ids=str)
def test_digests_that_are_none_are_refused_by_their_stream(simulate, clock, digests):
    """A state with other values names its stream."""
    sim = simulate()
    state = {"bookmarks": {"d00": {"version": 3, "title_digests": digests}}}

    with pytest.raises(StateError, match="'d00' is not readable"):
        TapCXone(config=download_settings(sim), state=state, clock=clock)


NAMES = st.from_regex("[a-z]{1,2}(_[a-z]{1,2})?", fullmatch=True)
TITLES = st.text("aAbB_- ", min_size=1, max_size=4)


@many
@given(st.dictionaries(NAMES, st.sampled_from(COLUMN_TYPES), max_size=5))
def test_digests_of_titles_come_back(types):
    """STATE gives back the type of each title, the last one if it changed."""
    old = TitleDigests().with_types(dict.fromkeys(types, "string"))
    digests = old.with_types(types)

    found = TitleDigests.from_json(json.loads(json.dumps(digests.to_json())))

    assert found == digests
    assert all(found.type_of(title, types[title]) == types[title] for title in types)


def test_digest_tells_all_spellings_of_a_name_apart():
    """No spelling of a short name has the digest of another one, however irregular both are."""
    spellings = [
        "".join(signs) for n in (1, 2, 3, 4) for signs in itertools.product("aA_- ", repeat=n)
    ]
    titles = {title for title in spellings if title == title.strip()}

    digests = TitleDigests().with_types
    alone = {frozenset(digests({title: "number"}).by_type["number"]) for title in titles}

    assert len(alone) == len(titles)


@many
@given(st.lists(TITLES, unique=True, max_size=8))
def test_digest_is_of_one_title_of_a_name(titles):
    """Of the titles of one name at most one is known; the others have a rival then."""
    digests = TitleDigests()
    for title in titles:
        digests = digests.with_types({title: "number"})

    known = [title for title in titles if digests.type_of(title, "number")]

    assert len({default_name(title) for title in known}) == len(known)
    names = {default_name(title) for title in known}
    others = [title for title in titles if title not in known and default_name(title) in names]
    assert all(digests.new_name(title) != default_name(title) for title in others)
