"""The case of kills: pages and files that are responses, with no job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_cxone.simulator.settings import tap_settings
from tests.support import reporting as api
from tests.support.kill_cases import Case, span

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator


def _reporting(sim: Simulator, number: int) -> dict[str, Any]:
    own = {"page_size": 2, "data_downloads": [{"name": api.CALLS}]}
    return {**tap_settings(sim.url, families=api.FAMILY), **span(number), "reporting": own}


def _reporting_pages(sim: Simulator) -> list[str]:
    asked = (seen.query.get("startDate") for seen in sim.requests if seen.path in _WINDOW_PATHS)
    return [start for start in asked if start]


_WINDOW_PATHS = (api.CONTACTS_PATH, f"{api.DOWNLOAD_PATH}/524")


CASES = (
    Case(
        name="reporting",
        family="reporting",
        settings=_reporting,
        small=(api.CONTACTS,),
        large=("agents", api.CALLS, api.CONTACTS, "teams"),
        works=lambda _: [],
        pages=_reporting_pages,
        options={"download_zone_hours": 0},
        whole=("agents", "teams"),
    ),
)
