from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tap_cxone.simulator import Options
from tap_cxone.simulator.observability.tables import TABLES
from tap_cxone.simulator.rows import RowGenerator

START = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2027, 1, 1, tzinfo=UTC)
DAY = date(2026, 1, 30), date(2026, 1, 31)
SOURCES = {name: table.source for name, table in TABLES.items()}


def table_rows(table, days=30, **options):
    tenant = RowGenerator(Options(rows_per_day=24, **options), SOURCES, timedelta(0))
    return list(tenant.rows(table, START, START + timedelta(days=days), LATER))


@pytest.mark.parametrize("table", TABLES)
def test_table_file_holds_the_truth(sim, table):
    """An export holds exactly the rows of its window, in order."""
    found = sim.export_rows(table)

    assert len(found) == 48
    assert found == sim.simulator.expected_rows(table, *DAY)
    assert found == sorted(found, key=lambda row: row["Date"])


def test_table_csv_needs_a_csv_reader(sim):
    """Values hold commas, quotes and line breaks."""
    text = sim.export_file().content.decode()

    assert '"What does ""past due"" mean, and since when?"' in text
    assert '"Wie lange läuft\nmein Vertrag noch?"' in text
    assert "請求書" in text
    assert ",," in text


def test_both_ends_count(sim):
    """A row at the first and one at the last millisecond of a range are in the file."""
    some = sim.simulator.expected_rows("Copilot/KBTable", *DAY)[3:9]
    first, last = (row["Date"].replace(" ", "T") + "Z" for row in (some[0], some[-1]))

    assert sim.export_rows(dateRange={"startDate": first, "endDate": last}) == some


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu"])
def test_dates_are_local(sim, zone):
    """Dates are written in the time zone requested; the rows are the same."""
    there = sim.export_rows(timeZone=zone)
    here = sim.simulator.expected_rows("Copilot/KBTable", *DAY)

    assert there == sim.simulator.expected_rows("Copilot/KBTable", *DAY, zone=ZoneInfo(zone))
    for local, utc in zip(there, here, strict=True):
        instant = datetime.fromisoformat(local.pop("Date")).replace(tzinfo=ZoneInfo(zone))
        assert instant == datetime.fromisoformat(utc.pop("Date")).replace(tzinfo=UTC)
        assert local == utc


def test_future_is_not_exported(sim):
    """Rows that are still to come when an export ends are not in its file."""
    today = {"startDate": "2026-01-31T00:00:00.000Z", "endDate": "2026-01-31T23:59:59.999Z"}
    found = sim.export_rows(dateRange=today)

    assert found == sim.simulator.expected_rows(
        "Copilot/KBTable", date(2026, 1, 31), sim.clock.now()
    )
    assert len(found) < 48


@pytest.mark.parametrize(
    ("table", "name", "column"),
    [
        ("Copilot/KBTable", "Team", "Team"),
        ("Copilot/KBTable", "Skill", "Skill"),
        ("Copilot/ASTable", "CopilotProfileId", "Copilot Profile ID"),
        ("Copilot/AQTable", "AgentNumber", "Agent Number"),
    ],
)
def test_simulator_table_filters_choose_the_rows(sim, table, name, column):
    """A filter keeps the rows whose value is among those requested."""
    everything = sim.simulator.expected_rows(table, *DAY)
    wanted = sorted({row[column] for row in everything})[-2:]
    found = sim.export_rows(table, filters={name: wanted})

    assert found == [row for row in everything if row[column] in wanted]
    assert 0 < len(found) < len(everything)


@pytest.mark.parametrize("channel", ["digital", "voice"])
def test_channels(sim, channel):
    """A channel keeps the interactions on it."""
    found = sim.export_rows(channels=[channel])

    assert {row["Channel"] for row in found} == {channel}


def test_filters_work_together(sim):
    """A row must pass the channel and every filter; there may be none."""
    everything = sim.simulator.expected_rows("Copilot/KBTable", *DAY)
    one = everything[0]
    filters = {"Team": [one["Team"]], "AgentNumber": [one["Agent Number"]]}
    found = sim.export_rows(channels=[one["Channel"]], filters=filters)

    assert one in found
    same = {"Team", "Agent Number", "Channel"}
    assert found == [row for row in everything if all(row[k] == one[k] for k in same)]
    assert sim.export_rows(filters={"Team": ["nobody"]}) == []


def test_both_paths_give_the_same(sim):
    """The generated responses are the same under either path."""
    assert sim.export_rows("AutopilotKnowledge/GRTable") == sim.export_rows("autopilot/GRTable")


def test_table_columns_come_and_go(sim_call):
    """A tenant may have more columns, or lack one that is filtered by; file and truth agree."""
    sim = sim_call(
        extra_columns={"AutopilotKnowledge/GRTable": ("Mood",), "Copilot/KBTable": ("Mood",)},
        missing_columns={"Copilot/KBTable": ("Team",)},
    )
    found = sim.export_rows(filters={"Team": ["Retention"]})

    assert "Team" not in found[0]
    assert list(found[0])[-1] == "Mood"
    assert list(sim.export_rows("autopilot/GRTable")[0])[-1] == "Mood"
    assert sim.simulator.expected_rows("Copilot/KBTable", *DAY)[0].keys() == found[0].keys()


def test_files_come_in_every_shape(sim_call):
    """A file without rows, with a byte order mark, compressed: as the options say."""
    sim = sim_call(rows_of={"Copilot/KBTable": 0}, bom=True, compression="gzip-encoding")

    assert sim.export_file().content.startswith(b"\xef\xbb\xbfDate,Interaction ID,")
    assert sim.export_file().content.count(b"\r\n") == 1


def test_table_rows_depend_on_the_seed():
    """The seed decides the data."""
    assert table_rows("Copilot/KBTable", seed=1) == table_rows("Copilot/KBTable", seed=1)
    assert table_rows("Copilot/KBTable", seed=1) != table_rows("Copilot/KBTable", seed=2)


@pytest.mark.parametrize("table", TABLES)
def test_no_two_rows_are_equal(table):
    """Every row differs from every other."""
    found = table_rows(table)

    assert len(found) == len({tuple(row.items()) for row in found}) == 720


@pytest.mark.parametrize("table", ["Copilot/AQTable", "autopilot/GRTable"])
def test_some_tables_have_no_key(table):
    """No one column tells the rows of these tables apart."""
    found = table_rows(table)

    assert all(len({row[column] for row in found}) < len(found) for column in found[0])


@pytest.mark.parametrize("table", TABLES)
def test_table_values_are_awkward(table):
    """Each table has ids with zeros at the front, ids of 20 digits, and blanks."""
    found = table_rows(table)

    assert all(len(row["Agent Number"]) == 6 and row["Agent Number"][0] == "0" for row in found)
    assert {len(row["Contact ID"]) for row in found} == {20}
    assert any("" in row.values() for row in found)
