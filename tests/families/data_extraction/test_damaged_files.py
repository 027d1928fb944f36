"""Data extraction: damaged files, and values of a wrong type."""

from __future__ import annotations

import pytest

from tap_cxone.errors import DecodeError
from tap_cxone.simulator import Fault
from tests.support.data_extraction import STREAM, extraction_settings, run_extraction
from tests.support.expectations import failure


@pytest.mark.promise("whole-files")
@pytest.mark.parametrize(
    "kind", ["html", "malformed-csv", "ragged-csv", "truncated-gzip", "malformed-bytes"]
)
def test_spoiled_files(sim, clock, kind):
    """A spoiled file fails its window; no record of it is emitted and the bookmark stays."""
    if kind == "malformed-bytes":
        sim.faults.add(Fault("download", "bytes", body=b"Workflow ID\r\n\xff\xfe\x00", times=99))
    else:
        sim.faults.add(Fault("download", kind, times=99))

    out = run_extraction(extraction_settings(sim), clock)

    assert isinstance(failure(out), DecodeError)
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) is None


def test_value_of_a_wrong_type_names_line_and_column_only(sim, clock):
    """A value that is none of its type fails the window: line and column, not the value."""
    config = extraction_settings(
        sim, entities=[{"name": STREAM, "columns": {"Tenant Name": "integer"}}]
    )

    out = run_extraction(config, clock)

    message = str(failure(out))
    assert isinstance(failure(out), DecodeError)
    assert "tenant_name" in message
    assert "line 2" in message
    assert "Simulated Tenant" not in message
    assert out.records(STREAM) == []
