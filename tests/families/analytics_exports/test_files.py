"""Analytics exports: formats of files, and damaged ones."""

from __future__ import annotations

import json

import pytest

from tap_cxone.errors import ApiError, DecodeError, DownloadError, DriftError
from tap_cxone.simulator import Fault
from tests.support.analytics_exports import (
    STREAM,
    changed_export_settings,
    conversation_ids,
    expected_conversations,
    export_settings,
    run_exports,
    typed_conversations,
)
from tests.support.expectations import failure, without_metadata
from tests.support.ids import readable
from tests.support.requests import downloads, submit_bodies, submits

GZIP = ["gzip-type", "gzip-encoding", "gzip-bare", "gzip-members", "none"]
JSON = ["array", "lines", "pretty"]
SPOILED = [
    ("corrupt-gzip", {}),
    ("truncated-gzip", {}),
    ("malformed-json", {}),
    ("truncated", {}),
    ("html", {}),
    ("status", {"status": 500}),
    ("reset", {}),
]


@pytest.mark.some(2)
@pytest.mark.parametrize("packing", GZIP)
@pytest.mark.parametrize("layout", JSON)
def test_files(simulate, clock, packing, layout):
    """However a file is packed and laid out, its rows are the same."""
    sim = simulate(analytics_gzip=packing, analytics_json=layout)

    out = run_exports(export_settings(sim, 2), clock)

    assert out.error is None
    assert without_metadata(out.records(STREAM)) == typed_conversations(
        expected_conversations(sim, 2)
    )


@pytest.mark.parametrize("options", [{"bom": True}, {"content_length": False}], ids=readable)
@pytest.mark.parametrize("layout", ["array", "lines"])
def test_files_with_a_mark_or_without_a_length(simulate, clock, options, layout):
    """A byte order mark is no text, and a length is no need."""
    sim = simulate(analytics_json=layout, **options)

    out = run_exports(export_settings(sim), clock)

    assert without_metadata(out.records(STREAM)) == typed_conversations(expected_conversations(sim))


def test_encoding_of_csv_leaves_json_as_it_is(simulate, clock):
    """`csv.encoding` of the family is that of its CSV exports; JSON is UTF-8."""
    sim = simulate()
    config = export_settings(sim)
    config["analytics_exports"] |= {"csv": {"encoding": "latin-1"}}

    out = run_exports(config, clock)

    assert without_metadata(out.records(STREAM)) == typed_conversations(expected_conversations(sim))


@pytest.mark.some(3)
@pytest.mark.parametrize("packing", GZIP)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_csv_export_gives_the_records_of_json(simulate, clock, packing, newline):
    """CSV gives the same records as JSON."""
    sim = simulate(analytics_gzip=packing, newline=newline)

    out = run_exports(changed_export_settings(sim, 2, format="csv"), clock)

    assert out.error is None
    assert {body["format"] for body in submit_bodies(sim)} == {"csv"}
    assert without_metadata(out.records(STREAM)) == typed_conversations(
        expected_conversations(sim, 2)
    )


@pytest.mark.ci
def test_not_packed(sim, clock):
    """An export without compression requests none."""
    out = run_exports(changed_export_settings(sim, compression="none"), clock)

    assert submit_bodies(sim)[0]["compression"] is None
    assert without_metadata(out.records(STREAM)) == typed_conversations(expected_conversations(sim))


@pytest.mark.parametrize("format_", ["json", "csv"])
@pytest.mark.parametrize("empty", ["header", "zero-bytes", "204"])
def test_export_without_rows_moves_the_bookmark(simulate, clock, empty, format_):
    """A window without rows moves the bookmark."""
    sim = simulate(rows_per_day=0, empty=empty)

    out = run_exports(changed_export_settings(sim, 2, format=format_), clock)

    assert out.error is None
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) == "2026-03-17T00:00:00+00:00"


@pytest.mark.some(3)
@pytest.mark.parametrize(("kind", "how"), SPOILED, ids=readable)
@pytest.mark.parametrize("after", [0, 1])
def test_spoiled_once(sim, clock, kind, how, after):
    """A file that comes damaged once is fetched once more, without another job."""
    sim.faults.add(Fault("download", kind, after=after, **how))

    out = run_exports(export_settings(sim, 2), clock)

    assert out.error is None
    assert without_metadata(out.records(STREAM)) == typed_conversations(
        expected_conversations(sim, 2)
    )
    assert len(downloads(sim)) == 3
    assert len(sim.analytics_exports) == 2


@pytest.mark.promise("whole-files")
@pytest.mark.some(3)
@pytest.mark.parametrize(("kind", "how"), SPOILED, ids=readable)
def test_always_spoiled(sim, clock, kind, how):
    """A file that is always damaged fails the stream; no record of its window is emitted."""
    sim.faults.add(Fault("download", kind, after=1, times=1000, **how))

    first = run_exports(export_settings(sim, 3, max_retries=2), clock)
    sim.faults.clear()
    second = run_exports(export_settings(sim, 3), clock, state=first.state)

    assert isinstance(failure(first), DecodeError | DownloadError | ApiError)
    assert conversation_ids(first) == [r["id"] for r in expected_conversations(sim)]
    assert first.records("quarantine") == []
    assert first.bookmark(STREAM) == "2026-03-16T00:00:00+00:00"
    assert second.error is None
    assert {*conversation_ids(first), *conversation_ids(second)} == {
        r["id"] for r in expected_conversations(sim, 3)
    }


def test_after_a_file_that_stays_damaged(sim, clock):
    """A file that is damaged both times is not requested again: the next run has another made."""
    sim.faults.add(Fault("download", "corrupt-gzip", times=2))
    first = run_exports(export_settings(sim), clock)

    second = run_exports(export_settings(sim), clock, state=first.state)

    assert isinstance(failure(first), DecodeError)
    assert second.error is None
    assert len(submits(sim)) == 2


@pytest.mark.parametrize("kind", ["corrupt-gzip", "truncated-gzip", "ragged-csv", "malformed-csv"])
def test_spoiled_csv(sim, clock, kind):
    """The same of CSV, whose last row may be cut off."""
    sim.faults.add(Fault("download", kind))

    out = run_exports(changed_export_settings(sim, format="csv"), clock)

    assert out.error is None
    assert without_metadata(out.records(STREAM)) == typed_conversations(expected_conversations(sim))
    assert len(downloads(sim)) == 2


def test_csv_without_a_column(simulate, clock):
    """CSV without a required column fails, and the error names the setting of required fields."""
    sim = simulate(missing_columns={STREAM: ("duration",)})

    out = run_exports(changed_export_settings(sim, format="csv"), clock)

    assert isinstance(failure(out), DriftError)
    assert "duration" in str(failure(out))
    assert "required_fields" in str(failure(out))
    assert out.bookmark(STREAM) is None


def test_file_that_is_an_error_shows_the_words_of_the_api(sim, clock):
    """A file with status 200 that has an error in place of records fails the window with it."""
    body = '{"error": "The export has expired", "code": 17}'
    sim.faults.add(Fault("download", "status", status=200, body=body, times=2))

    out = run_exports(export_settings(sim), clock)

    assert "the file is an error message (The export has expired)" in str(failure(out))
    assert out.bookmark(STREAM) is None


DAY_BEFORE = {"dateFrom": "2026-03-14T00:00:00.000Z", "dateTo": "2026-03-14T23:59:59.999Z"}


@pytest.mark.parametrize("shown", [{"query": DAY_BEFORE}, DAY_BEFORE], ids=["query", "top"])
def test_export_that_shows_other_dates_fails(sim, clock, shown):
    """A job whose status shows another range than requested is the failure of its window."""
    body = json.dumps({"id": "x", "status": "completed", **shown})
    sim.faults.add(Fault("poll", "status", status=200, body=body))

    out = run_exports(export_settings(sim), clock)

    assert "not of the requested 2026-03-15" in str(failure(out))
    assert out.records(STREAM) == []
