"""The completion webhook: the sample of records."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tap_cxone.simulator import Fault
from tests.support.analytics_exports import STREAM, export_settings, run_exports
from tests.support.ids import readable
from tests.support.run import select
from tests.support.webhook import SHAPE, exact, with_webhook


@pytest.mark.parametrize("size", [1, 4, 1000])
def test_sample_has_the_first_records_of_each_window(sim, clock, listener, size):
    """So many records of each window come along, as emitted."""
    out = run_exports(with_webhook(sim, listener, 3, sample_size=size), clock)

    for told in listener.told:
        left = [r for r in out.records(STREAM) if r["_window_start"] == told["window_start"]]
        assert list(told) == [*SHAPE, "data_sample"]
        assert told["data_sample"] == exact(left[:size])


def test_no_sample(sim, clock, listener):
    """Without sample_size no record is sent."""
    run_exports(with_webhook(sim, listener), clock)

    assert "data_sample" not in listener.told[0]


def test_sampling_changes_nothing(sim, clock, listener):
    """The messages are the same with a sample."""
    both = [
        run_exports(with_webhook(sim, listener, 2, sample_size=3), clock),
        run_exports(export_settings(sim, 2), clock),
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

    run_exports(with_webhook(sim, listener, sample_size=1), clock)

    assert listener.told[0]["data_sample"][0]["duration"] == Decimal("0.1234567890123456789")


def test_sample_has_no_deselected_column(sim, clock, listener):
    """Columns that were deselected are not in the sample."""
    config = with_webhook(sim, listener, sample_size=2)
    catalog = select(config, STREAM, "quarantine")
    (entry,) = (e for e in catalog["streams"] if e["tap_stream_id"] == STREAM)
    for item in entry["metadata"]:
        if item["breadcrumb"] == ["properties", "agent_id"]:
            item["metadata"]["selected"] = False

    out = run_exports(config, clock, catalog=catalog)

    assert "agent_id" not in out.records(STREAM)[0]
    assert listener.told[0]["data_sample"] == exact(out.records(STREAM)[:2])


@pytest.mark.parametrize(
    "maps",
    [
        {STREAM: {"agent_id": "'masked'"}},
        {STREAM: {"id": "id", "__else__": None}},
        {STREAM: {"__alias__": "renamed"}},
        {STREAM: {"__filter__": "duration > 900"}},
        {"other": {"__source__": STREAM, "id": "md5(id)", "__else__": None}},
    ],
    ids=readable,
)
def test_stream_maps(sim, clock, listener, maps):
    """The sample went through the stream maps."""
    config = with_webhook(sim, listener, sample_size=1000) | {"stream_maps": maps}

    out = run_exports(config, clock)

    left = [m["record"] for m in out.of("RECORD") if m["stream"] != "quarantine"]
    assert out.error is None
    assert left
    assert listener.told[0]["data_sample"] == exact(left)


def test_sample_has_no_invalid_row(simulate, clock, listener):
    """What went to the quarantine is in no sample."""
    sim = simulate(rows_per_day=120, invalid_elements=7)

    out = run_exports(with_webhook(sim, listener, sample_size=1000), clock)

    assert len(out.records("quarantine")) == 7
    assert listener.told[0]["data_sample"] == exact(out.records(STREAM))
