"""The Observability Dashboard's export API: `POST …/export-data`, `GET …/{id}/status`."""

from __future__ import annotations

from tap_cxone.simulator.observability.routes import routes

__all__ = ["routes"]
