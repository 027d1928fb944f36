"""The data download API: reports with custom metrics, downloaded page by page.

The only source is a third-party tutorial. NICE publishes no such API:

- `POST /api/v2/reporting/data-download` answers at once with a page of rows and `totalRecords`.
  `limit` is at most 10,000; `offset` selects the page. The request creates no job.
- Custom metrics are returned only if the request names their IDs. Names change, IDs do not.
  `GET /api/v2/reporting/custom-metrics` lists them. The shape of that list is not documented.
- A number may be a JSON string if it is too long for a JSON number. No other value is converted.
- Days are days of `filter.timeZone`. `GET /api/v2/users/me` returns the tenant's zone. A range runs
  from a local midnight to the last second before another one.
- The token's `region` claim names the data plane. The wrong region answers 404, or without rows.
- `X-RateLimit-Remaining` and `Retry-After` pace the calls. `GET /api/v2/reporting/quota` returns
  the remaining calls.
- The login is that of a registered application, at the tenant's host, with three scopes.
"""

from __future__ import annotations
