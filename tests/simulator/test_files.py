from __future__ import annotations

import gzip
from datetime import date, datetime, timedelta

import pytest

DAY = date(2026, 1, 30), date(2026, 1, 31)


def test_entity_file_holds_the_truth(sim):
    """A job's file holds exactly the rows that could be seen."""
    rows = sim.rows()

    assert len(rows) == 48
    assert rows == sim.simulator.expected_rows("qm-workflows", *DAY)


def test_entity_csv_needs_a_csv_reader(sim):
    """Values hold commas, quotes and line breaks."""
    text = sim.file().content.decode()

    assert '"Said ""one moment"" three times"' in text
    assert '"First line\nsecond line, with a comma"' in text
    assert "花子" in text
    assert "\r\n" in text


def test_end_date_is_exclusive(sim):
    """The end date's rows are not in the file."""
    assert max(row["Last Updated"] for row in sim.rows()) < "2026-01-31"


def test_end_date_may_be_inclusive(sim_call):
    """A tenant may count the end date in."""
    rows = sim_call(end_inclusive=True).rows(endDate="2026-01-31", startDate="2026-01-29")

    assert max(row["Last Updated"] for row in rows) > "2026-01-31"


def test_late_rows_are_not_there_yet(sim_call):
    """A file lacks the rows that were not visible when its job ended; a later one has them."""
    sim = sim_call(rows_per_day=240)
    today = {"startDate": "2026-01-31", "endDate": "2026-02-01"}
    day = date(2026, 1, 31), datetime.fromisoformat("2026-01-31T12:00Z")
    early = sim.rows(**today)
    sim.clock.turn(minutes=30)
    complete = sim.simulator.expected_rows("qm-workflows", *day)
    late = sim.rows(**today)

    assert len(early) < len(complete) == 120
    assert [row for row in late if row in complete] == complete


def test_file_stays_as_it_was(sim):
    """A file is fixed when its job ends, however late it is fetched."""
    job_id = sim.submit(startDate="2026-01-31", endDate="2026-02-01").json()
    sim.clock.turn(seconds=20)
    first = sim.fetch(sim.status(job_id)["result"]["url"]).content
    sim.clock.turn(minutes=40)
    second = sim.fetch(sim.status(job_id)["result"]["url"]).content

    assert first == second


def test_bom(sim_call):
    """A file may begin with a byte order mark."""
    assert sim_call(bom=True).file().content.startswith(b"\xef\xbb\xbfTenant Name,")


def test_newline(sim_call):
    """Lines may end with a line feed alone."""
    assert b"\r" not in sim_call(newline="\n").file().content


def test_length_may_be_unknown(sim_call):
    """A download may come in chunks, without a length."""
    response = sim_call(content_length=False).file()

    assert "content-length" not in response.headers
    assert response.headers["transfer-encoding"] == "chunked"
    assert len(response.content) > 5_000


def test_gzip_by_encoding(sim_call, sim):
    """A compressed file may say so in Content-Encoding; a client unpacks it by itself."""
    response = sim_call(compression="gzip-encoding").file()

    assert response.headers["content-encoding"] == "gzip"
    assert response.content == sim.file().content


@pytest.mark.parametrize(
    ("compression", "content_type"),
    [
        ("gzip-type", "application/gzip"),
        ("gzip-bare", "binary/octet-stream"),
        ("gzip-members", "binary/octet-stream"),
    ],
)
def test_gzip_by_other_signs(sim_call, sim, compression, content_type):
    """A compressed file may show it by its type or by nothing but its bytes."""
    response = sim_call(compression=compression).file()

    assert "content-encoding" not in response.headers
    assert response.headers["content-type"] == content_type
    assert gzip.decompress(response.content) == sim.file().content


def test_gzip_members(sim_call):
    """A file of several members has more than one gzip header."""
    one = gzip.decompress(sim_call(compression="gzip-members").file().content)
    content = sim_call(compression="gzip-members").file().content

    assert len(one) > len(content)
    assert content.count(b"\x1f\x8b\x08\x00") >= 2


@pytest.mark.parametrize(
    ("style", "status", "begin"),
    [("header", 200, b"Tenant Name,"), ("zero-bytes", 200, b""), ("204", 204, b"")],
)
def test_file_without_rows(sim_call, style, status, begin):
    """A file without rows is a header, nothing at all, or no content."""
    response = sim_call(rows_of={"qm-workflows": 0}, empty=style).file()

    assert response.status_code == status
    assert response.content[:12] == begin
    assert response.content.count(b"\n") == (1 if begin else 0)


def test_entity_columns_come_and_go(sim_call):
    """A tenant may have more columns, or lack some; file and truth agree."""
    sim = sim_call(
        extra_columns={"qm-workflows": ("Mood",)}, missing_columns={"qm-workflows": ("Rank",)}
    )
    rows = sim.rows()

    assert "Rank" not in rows[0]
    assert list(rows[0])[-1] == "Mood"
    assert rows == sim.simulator.expected_rows("qm-workflows", *DAY)


def test_other_columns_keep_their_values(sim_call, sim):
    """An added column changes no other value."""
    more = sim_call(extra_columns={"qm-workflows": ("Mood",)}).rows()

    assert [{k: v for k, v in row.items() if k != "Mood"} for row in more] == sim.rows()


def test_speed_shortens_lateness(sim_call, sim_clock):
    """At a high speed rows may be seen almost at once."""
    sim = sim_call(speed=1800)
    noon = sim_clock.now()
    sim_clock.turn(seconds=1)

    assert len(sim.simulator.expected_rows("qm-workflows", noon - timedelta(hours=6), noon)) == 12
