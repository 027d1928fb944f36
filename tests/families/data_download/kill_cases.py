"""The case of kills: pages, and a catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support import data_download as reporting
from tests.support.kill_cases import QUARANTINE, Case

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator


def _download(sim: Simulator, number: int) -> dict[str, Any]:
    return reporting.download_settings(sim, number, own={"page_size": 2}, max_invalid_ratio=1.0)


def _pages(sim: Simulator) -> list[str]:
    return [body["filter"]["date"]["from"] for body in reporting.page_bodies(sim)]


CASES = (
    Case(
        name="download",
        family="data_download",
        settings=_download,
        small=(reporting.STREAM, QUARANTINE),
        large=(reporting.CATALOGUE, reporting.STREAM, QUARANTINE),
        works=lambda _: [],
        pages=_pages,
        options={"bad_values": 1},
        whole=(reporting.CATALOGUE,),
        places=("me", "catalogue", "page"),
        sent_once=("me", "catalogue"),
        whole_days=True,
    ),
)
