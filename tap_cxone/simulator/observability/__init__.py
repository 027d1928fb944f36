"""The Observability Dashboard's export API: `POST …/export-data`, `GET …/{id}/status`."""

from __future__ import annotations
