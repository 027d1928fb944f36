"""Data download: a reload reads whole windows again, of local days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.data_download import DAY, FIRST, STREAM, download_settings, local, run_downloads
from tests.support.history import day_of_march

if TYPE_CHECKING:
    from tests.support.run import Output


def reload_of(first: int, end: int) -> dict[str, Any]:
    """Return a reload from one day of March to another one."""
    days = {"from": day_of_march(first), "to": day_of_march(end)}
    return {"reload": [{"id": "corrected", "streams": [STREAM], **days}]}


def starts_of(out: Output) -> list[str]:
    """Return the starts of the windows of all records, each once, in order."""
    return list(dict.fromkeys(record["_window_start"] for record in out.records(STREAM)))


def local_start(days: int) -> str:
    """Return when a local day began, so many days after the first one."""
    return local(FIRST + days * DAY).isoformat()


def test_plain_dates_of_a_reload_are_local_days(sim, clock):
    """Midnights of UTC would touch the local day before as well."""
    first = run_downloads(download_settings(sim, 4), clock)

    config = download_settings(sim, 4, **reload_of(16, 17))
    second = run_downloads(config, clock, state=first.state)
    third = run_downloads(config, clock, state=second.state)

    assert starts_of(first) == [local_start(number) for number in range(4)]
    assert starts_of(second) == [local_start(1)]
    assert starts_of(third) == []


def test_reload_within_a_window_reads_the_whole_window_again(sim, clock):
    """A row sums up its window, so a part of it would be another row."""
    own = {"data_download": {"window_days": 2}}
    config = download_settings(sim, 4)
    config["data_download"] |= own["data_download"]
    first = run_downloads(config, clock)

    second = run_downloads({**config, **reload_of(17, 18)}, clock, state=first.state)

    windows = {(r["_window_start"], r["_window_end"]) for r in first.records(STREAM)}
    again = {(r["_window_start"], r["_window_end"]) for r in second.records(STREAM)}
    assert len(again) == 1
    assert again < windows
    before = [r for r in first.records(STREAM) if (r["_window_start"], r["_window_end"]) in again]
    assert second.records(STREAM) == before


def test_window_that_start_date_has_cut_is_read_again_as_it_was(sim, clock):
    """The whole window would leave the row of its second part beside its own."""
    own = {"window_days": 5}
    later = download_settings(sim, 5, own=own, start_date=local_start(2))
    config = download_settings(sim, 5, own=own)
    state = run_downloads(later, clock).state
    before = run_downloads(config, clock, state=state)

    out = run_downloads({**config, **reload_of(15, 20)}, clock, state=before.state)

    assert starts_of(before) == [local_start(0)]
    assert starts_of(out) == [local_start(0), local_start(2)]
