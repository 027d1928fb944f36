"""The completion webhook: the sample of records."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tap_cxone.simulator import Fault
from tests.support.examples import json_jobs
from tests.support.ids import readable
from tests.support.run import select
from tests.support.webhook import SHAPE, exact, with_webhook


@pytest.mark.parametrize("size", [1, 4, 1000])
def test_sample_has_the_first_records_of_each_window(sim, clock, listener, size):
    """So many records of each window come along, as emitted."""
    out = json_jobs.run_exports(with_webhook(sim, listener, 3, sample_size=size), clock)

    for told in listener.told:
        left = [
            r for r in out.records(json_jobs.STREAM) if r["_window_start"] == told["window_start"]
        ]
        assert list(told) == [*SHAPE, "data_sample"]
        assert told["data_sample"] == exact(left[:size])


def test_no_sample(sim, clock, listener):
    """Without sample_size no record is sent."""
    json_jobs.run_exports(with_webhook(sim, listener), clock)

    assert "data_sample" not in listener.told[0]


def test_sampling_changes_nothing(sim, clock, listener):
    """The messages are the same with a sample."""
    both = [
        json_jobs.run_exports(with_webhook(sim, listener, 2, sample_size=3), clock),
        json_jobs.run_exports(json_jobs.export_settings(sim, 2), clock),
    ]

    kinds = [[(m["type"], m.get("stream"), m.get("record")) for m in o.messages] for o in both]
    assert kinds[0] == kinds[1]


def test_sample_numbers_keep_their_digits(sim, clock, listener):
    """Numbers of the sample have the digits of the file."""
    row = (
        '{"id":"a","type":"bot","dateFrom":null,"dateTo":null,"botId":null,"agentId":null,'
        '"duration":0.1234567890123456789,"big":1}'
    )
    sim.faults.add(Fault("download", "bytes", body=f"[{row}]"))

    json_jobs.run_exports(with_webhook(sim, listener, sample_size=1), clock)

    assert listener.told[0]["data_sample"][0]["duration"] == Decimal("0.1234567890123456789")


def test_sample_has_no_deselected_column(sim, clock, listener):
    """Columns that were deselected are not in the sample."""
    config = with_webhook(sim, listener, sample_size=2)
    catalog = select(config, json_jobs.STREAM, "quarantine")
    (entry,) = (e for e in catalog["streams"] if e["tap_stream_id"] == json_jobs.STREAM)
    for item in entry["metadata"]:
        if item["breadcrumb"] == ["properties", "agent_id"]:
            item["metadata"]["selected"] = False

    out = json_jobs.run_exports(config, clock, catalog=catalog)

    assert "agent_id" not in out.records(json_jobs.STREAM)[0]
    assert listener.told[0]["data_sample"] == exact(out.records(json_jobs.STREAM)[:2])


@pytest.mark.parametrize(
    "maps",
    [
        {json_jobs.STREAM: {"agent_id": "'masked'"}},
        {json_jobs.STREAM: {"id": "id", "__else__": None}},
        {json_jobs.STREAM: {"__alias__": "renamed"}},
        {json_jobs.STREAM: {"__filter__": "duration > 900"}},
        {"other": {"__source__": json_jobs.STREAM, "id": "md5(id)", "__else__": None}},
    ],
    ids=readable,
)
def test_stream_maps(sim, clock, listener, maps):
    """The sample went through the stream maps."""
    config = with_webhook(sim, listener, sample_size=1000) | {"stream_maps": maps}

    out = json_jobs.run_exports(config, clock)

    left = [m["record"] for m in out.of("RECORD") if m["stream"] != "quarantine"]
    assert out.error is None
    assert left
    assert listener.told[0]["data_sample"] == exact(left)


def test_sample_has_no_invalid_row(simulate, clock, listener):
    """What went to the quarantine is in no sample."""
    sim = simulate(rows_per_day=120, invalid_elements=7)

    out = json_jobs.run_exports(with_webhook(sim, listener, sample_size=1000), clock)

    assert len(out.records("quarantine")) == 7
    assert listener.told[0]["data_sample"] == exact(out.records(json_jobs.STREAM))
