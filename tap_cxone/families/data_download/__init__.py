"""Data download: reports with custom metrics, page by page.

What is known of it, all of it from a guide of the vendor's forum:

- `POST /api/v2/reporting/data-download` answers at once with a page of rows (`limit` at most
  10,000, `offset`) and with `totalRecords`; it makes no job.
- Custom metrics come only when asked for by their ID. Names change, IDs do not.
  `GET /api/v2/reporting/custom-metrics` lists them; the shape of that list is not documented.
- A number may come as a text when it is too long for JSON. Nothing else may be converted.
- Days are those of `filter.timeZone`; `GET /api/v2/users/me` tells the tenant's zone. The range
  goes from a local midnight to the last second before another.
- The token's `region` claim names the data plane. The wrong region answers 404, or with nothing.
- `X-RateLimit-Remaining` and `Retry-After` pace the calls; `GET /api/v2/reporting/quota` tells what
  is left.
- The login is a registered application's own, at the tenant's host, with three scopes.
"""

from __future__ import annotations
