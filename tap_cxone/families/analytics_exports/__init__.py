"""The analytics exports API: one job exports records of one type and date range as one file.

The only source is a third-party tutorial. NICE publishes no such API:

- `POST /api/v2/analytics/exports` starts a job for at most 30 days. At most three jobs of a tenant
  may be queued or running at once. A further submit is refused with 409. `GET
  …?status=queued,running` lists the active jobs.
- `GET …/{id}` shows `queued`, `running`, `completed` or `failed` (with `errorMessage`).
- `GET …/{id}/download` serves the file itself. It requires the token and does not expire as a
  presigned link does.
- The file is a JSON array or CSV, mostly compressed with gzip. A header may be missing.
- Both ends of a range are inclusive. The windows of the tutorial share an instant, so it exports
  some records twice. This tap ends a window one millisecond before the next one starts.
- The login is that of a registered application (client credentials). A token lives twenty minutes.
  It needs the scopes `analytics:export:read` and `analytics:export:write`.
- Records have an `id`. Only seven fields are documented.
"""

from __future__ import annotations
