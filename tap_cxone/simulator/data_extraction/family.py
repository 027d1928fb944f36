"""The simulated Data Extraction API: its state and its endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cxone.simulator.data_extraction.entity_rows import SOURCES, EntityRows
from tap_cxone.simulator.data_extraction.extraction_jobs import ExtractionJobs
from tap_cxone.simulator.data_extraction.routes import NAME, routes
from tap_cxone.simulator.family import SimulatedFamily
from tap_cxone.simulator.scaling import divide_rounding_up

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.data_extraction.jobs import Job
    from tap_cxone.simulator.data_extraction.options import DataExtractionOptions


class DataExtraction(SimulatedFamily):
    """The simulated Data Extraction API."""

    name = NAME
    _options: DataExtractionOptions
    SOURCES = SOURCES
    token_path = "/authentication/v1/token/access-key"  # noqa: S105 (a path, not a token)
    uses_application = False

    def __init__(self, context: ServerContext) -> None:
        """Create the family without jobs."""
        super().__init__(context)
        self._rows: EntityRows = EntityRows(self._options)
        self._jobs = ExtractionJobs(self._options, context.clock)

    @property
    def jobs(self) -> list[Job]:
        """Return the jobs submitted so far, in order."""
        return self._jobs.all()

    @override
    def routes(self) -> list[BaseRoute]:
        return routes(self._context, self._jobs, self._rows)

    @override
    def state(self) -> dict[str, Any]:
        now = self._context.clock.now()
        jobs = [
            {"id": job.id, "status": job.status(now), **job.spec.to_json()} for job in self.jobs
        ]
        return {"jobs": jobs}

    @property
    @override
    def limit_violations(self) -> int:
        return self._jobs.limit_violations

    @classmethod
    @override
    def tap_settings(cls, speed: float) -> dict[str, Any]:
        return {
            "request_spacing_seconds": divide_rounding_up(30, speed),
            "settle_minutes": divide_rounding_up(30, speed),
        }
