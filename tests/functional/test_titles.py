"""A title keeps its column, whatever else a file has: place, repeats, signs and scripts."""

from __future__ import annotations

import json
import unicodedata

import pytest

from tap_cxone.rows.titles import MAX_NAME_BYTES
from tap_cxone.simulator import Fault
from tests.conftest import settings_for
from tests.support.examples import csv_jobs, json_jobs
from tests.support.expectations import warnings_logged, without_metadata
from tests.support.run import run_tap
from tests.support.titles import last_properties, run_titles, title_values

LONG = "Share of the interactions that " * 3 + "an agent closed on the day"
JAPANESE = "通話後の処理時間の合計に対する保留時間の割合と平均応答速度の差"


@pytest.fixture
def sim(simulate):
    return simulate(job_seconds=0)


@pytest.mark.parametrize(
    "files",
    [
        [(["Skill", "Skill", "Skill 2"], ["first", "second", "third"])] * 2,
        [(["Adherence", "Adherence %"], ["x", "y"]), (["Adherence %", "Adherence"], ["y", "x"])],
        [(["Adherence", "Adherence %"], ["x", "y"]), (["Adherence %"], ["y"])],
        [(["%", "#"], ["x", "y"]), (["Agent", "%", "#"], ["a", "x", "y"])],
        [(["मात्रा", "मित्र"], ["x", "y"]), (["मित्र", "मात्रा"], ["y", "x"])],
        [(["", "Agent"], ["x", "y"]), (["Agent", ""], ["y", "x"])],
    ],
    ids=["repeats", "swapped", "missing", "signs", "scripts", "blank"],
)
@pytest.mark.parametrize("runs", [1, 2])
def test_title_keeps_its_column(sim, clock, files, runs):
    """Each value is in one column in every window, in the same run and in the next."""
    if runs == 1:
        found = title_values(run_titles(sim, clock, *files))
    else:
        first = run_titles(sim, clock, files[0])
        second = run_titles(sim, clock, files[1], first_day=11, state=first.state)
        found = title_values(first) + title_values(second)

    columns: dict[str, set[str]] = {}
    for record in found:
        for column, value in record.items():
            columns.setdefault(value, set()).add(column)
    assert len(found) == 2
    assert columns.keys() == {cell for _, cells in files for cell in cells}
    assert all(len(names) == 1 for names in columns.values())
    assert len(set.union(*columns.values())) == len(columns)


def test_declared_column_gets_its_exact_title(sim, clock):
    """A title that only resembles a declared one does not get its column."""
    out = run_titles(
        sim,
        clock,
        (["Adherence %", "Adherence"], ["91.5", "431"]),
        entity={"columns": {"Adherence": "number"}},
    )

    assert title_values(out) == [{"adherence": 431, "adherence_2": "91.5"}]


def test_built_in_column_gets_its_exact_title(sim, clock):
    """The same of a built-in entity."""
    sim.faults.add(Fault("download", "bytes", body="Workflow ID,Score (%),Score\r\nw,50.5,7\r\n"))
    days = {"start_date": "2026-03-18T00:00:00Z", "end_date": "2026-03-19T00:00:00Z"}

    out = run_tap(settings_for(sim, **days), clock=clock, only="qm_workflows")

    (record,) = out.records("qm_workflows")
    assert (record["score"], record["score_2"]) == (7, "50.5")


def test_key_is_found_by_its_exact_title(sim, clock):
    """A key column gets the title that the settings name, not one that resembles it."""
    out = run_titles(sim, clock, (["Record ID #"], ["k"]), entity={"primary_keys": ["Record ID #"]})

    (record,) = out.records("payroll")
    assert out.of("SCHEMA", "payroll")[0]["key_properties"] == ["record_id"]
    assert (record["record_id"], record["record_id_2"]) == ("k", "r")


def test_title_declared_later_keeps_its_column(sim, clock):
    """A title that has a suffixed column is typed there when the settings declare it."""
    header = ["Adherence", "Adherence %"]
    first = run_titles(sim, clock, (header, ["431", "91.5"]))

    second = run_titles(
        sim,
        clock,
        (header, ["431", "91.5"]),
        first_day=11,
        state=first.state,
        entity={"columns": {"Adherence %": "number"}},
    )

    assert title_values(second) == [{"adherence": "431", "adherence_2": 91.5}]


@pytest.mark.parametrize(
    "files",
    [
        [(["Adherence %"], ["91.5"]), (["Adherence", "Adherence %"], ["431", "92"])],
        [(["adherence"], ["91.5"]), (["adherence", "Adherence"], ["92", "431"])],
        [(["ADHERENCE"], ["91.5"]), (["Adherence"], ["431"]), (["ADHERENCE"], ["92"])],
    ],
    ids=["sign", "case", "alone"],
)
def test_exact_title_after_a_resembling_one_has_the_declared_column(sim, clock, files):
    """A title that only resembles a declared one has a column of its own from the first file on."""
    out = run_titles(sim, clock, *files, entity={"columns": {"Adherence": "number"}})

    values = title_values(out)
    assert {name: v for r in values for name, v in r.items()} == {
        "adherence": 431,
        "adherence_2": "92",
    }
    assert values[0] == {"adherence_2": "91.5"}


def test_declared_title_that_no_file_has_is_warned_of(sim, clock, caplog):
    """The warning names the setting and the title that resembles it, once."""
    files = [(["PAID_HOURS"], ["7.5"])] * 2

    out = run_titles(sim, clock, *files, entity={"columns": {"Paid Hours": "number"}})

    (warning,) = [text for text in warnings_logged(caplog) if "Paid Hours" in text]
    assert title_values(out) == [{"paid_hours_2": "7.5"}] * 2
    assert "'PAID_HOURS' is another title" in warning
    assert f"{csv_jobs.FAMILY}.entities, entry 'payroll', columns" in warning


@pytest.mark.parametrize("title", ["Paid Hours", "PAID_HOURS", "paid hours", "Paid-Hours %"])
def test_declared_name_has_the_first_title_of_that_name(sim, clock, caplog, title):
    """A declaration in snake_case is a name, whatever case, spacing and signs its title has."""
    out = run_titles(sim, clock, ([title], ["7.5"]), entity={"columns": {"paid_hours": "number"}})

    assert title_values(out) == [{"paid_hours": 7.5}]
    assert not [text for text in warnings_logged(caplog) if "paid_hours" in text]


def test_declared_name_keeps_its_title(sim, clock):
    """Another title of that name has a column of its own."""
    files = [(["Paid Hours"], ["7.5"]), (["PAID_HOURS"], ["8.5"]), (["Paid Hours"], ["9.5"])]

    out = run_titles(sim, clock, *files, entity={"columns": {"paid_hours": "number"}})

    assert title_values(out) == [{"paid_hours": 7.5}, {"paid_hours_2": "8.5"}, {"paid_hours": 9.5}]


@pytest.mark.ci
def test_declared_title_whose_column_another_one_has_is_warned_of(sim, clock, caplog):
    """What an earlier run put into a column stays there; the exact title has another one."""
    first = run_titles(sim, clock, (["skill"], ["a"]))
    files = [(["skill", "Skill"], ["b", "1"])] * 2
    entity = {"columns": {"Skill": "number"}}

    second = run_titles(sim, clock, *files, first_day=11, state=first.state, entity=entity)
    third = run_titles(sim, clock, files[0], first_day=13, state=second.state, entity=entity)

    (warning,) = [text for text in warnings_logged(caplog) if "Skill" in text]
    assert title_values(first) == [{"skill": "a"}]
    assert [*title_values(second), *title_values(third)] == [{"skill": "b", "skill_2": 1}] * 3
    assert "'Skill' has the column skill_2, because 'skill' has had skill" in warning


def test_titles_deleted_from_the_state_exchange_their_columns(sim, clock):
    """The remedy of that warning gives the declared title its column."""
    first = run_titles(sim, clock, (["skill"], ["a"]))
    del first.state["bookmarks"]["payroll"]["columns"]["skill"]

    second = run_titles(
        sim,
        clock,
        (["skill", "Skill"], ["b", "1"]),
        first_day=11,
        state=first.state,
        entity={"columns": {"Skill": "number"}},
    )

    assert title_values(second) == [{"skill": 1, "skill_2": "b"}]


def test_composed_and_decomposed_title_are_one(sim, clock):
    """The two forms of an accented letter make no difference."""
    composed, decomposed = (unicodedata.normalize(form, "Résumé") for form in ("NFC", "NFD"))

    out = run_titles(sim, clock, ([composed], ["x"]), ([decomposed], ["y"]))

    assert title_values(out) == [{"résumé": "x"}, {"résumé": "y"}]


@pytest.mark.parametrize("title", [LONG, JAPANESE], ids=["latin", "japanese"])
def test_name_of_a_long_title_fits_warehouses(sim, clock, title):
    """A long title has a short name, and the SCHEMA shows the whole title in every run."""
    first = run_titles(sim, clock, ([title, f"{title}!"], ["x", "y"]))
    second = run_titles(sim, clock, ([f"{title}!"], ["y"]), first_day=11, state=first.state)

    (record,), (later,) = title_values(first), title_values(second)
    names = {value: name for name, value in record.items()}
    assert all(len(name.encode()) <= MAX_NAME_BYTES for name in record)
    assert later == {names["y"]: "y"}
    for out in (first, second):
        found = last_properties(out)
        assert found[names["x"]]["description"] == f"'{title}', found in the data."
        assert found[names["y"]]["title"] == f"{title}!"


def test_names_of_another_script_are_plain(sim, clock):
    """Letters that targets drop are in no name; a digest tells the titles apart."""
    out = run_titles(sim, clock, (["कौशल", "कौशल 2", "Länge"], ["x", "y", "z"]))

    (record,) = title_values(out)
    (first, second, third) = record
    assert first.startswith("column_")
    assert second.startswith("2_")
    assert first.isascii()
    assert third == "länge"


# JSON


def run_objects(sim, clock, *windows, number=1):
    """Run windows of one day of bot conversations with further keys."""
    when = {"dateFrom": "2026-03-15T01:00:00Z", "dateTo": "2026-03-15T01:01:00Z"}
    whole = {"id": "c", "type": "bot", **when, "agentId": None, "duration": 1}
    for keys in windows:
        sim.faults.add(Fault("download", "bytes", body=json.dumps([{**keys, **whole}])))
    out = json_jobs.run_exports(json_jobs.export_settings(sim, len(windows)), clock)
    names = {"id", "type", "date_from", "date_to", "agent_id", "duration"}
    return [
        {n: v for n, v in record.items() if n not in names and v is not None}
        for record in without_metadata(out.records(json_jobs.STREAM))
    ]


@pytest.mark.parametrize(
    "windows",
    [
        [{"botId": "x", "bot_id": "y"}, {"bot_id": "y", "botId": "x"}],
        [{"botId": "b", "na!e": "x", "na%e": "y"}, {"botId": "b", "na%e": "y"}],
    ],
    ids=["spellings", "signs"],
)
def test_key_of_json_keeps_its_column(sim, clock, windows):
    """The keys of objects keep their columns like the titles of CSV."""
    first, second = run_objects(sim, clock, *windows)

    assert second.items() <= first.items()
    assert len(first) == len(windows[0])
