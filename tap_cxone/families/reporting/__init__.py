"""The reporting API: contacts and dimension tables as JSON, and reports as base64 CSV.

NICE documents it, and public clients use it. What the tap relies on:

- Base path `/inContactAPI/services/{version}`. Field names and value types depend on the version.
- Lists are read with `top` (at most 10,000) and `skip`, or link the next page in `_links.next`.
  `totalRecords` announces the number of rows. 204 without a body means no rows.
- Older generations wrap the response in `resultSet` and send numbers and booleans as text.
- 408 means that the server cannot build so large a page.
- An error text may be in the header `icStatusDescription` alone.
- `contacts/completed` filters by contact start (`startDate`, `endDate`).
- It also filters by change (`updatedSince`, at most 30 days back).
- `lastPollTime` is the next `updatedSince`. Whether that instant is included is not documented.
- A role may hide agents (`hiddenAgents`), which `totalRecords` may count.
- Aggregates have no dates: their figures are those of the requested window. They are complete
  after 15 minutes, and a window ends on a quarter of an hour.
- Durations are ISO 8601 (`PT…`) or seconds, as numbers or texts.
- WFM data have maximum windows of 14 days, 6 hours or 5 minutes, and 409 means that an interval is
  not computed so far. The documents require a media type in two of the requests.
- The state histories are documented, and no public client is known to read them.
- `report-jobs/datadownload/{id}` answers a window of at most 30 days with CSV as base64 in JSON. It
  reaches back two years.
- Its dates are in the time zone of the token's user, without daylight saving.
- `report-jobs/{id}` starts a job of a custom report, whose template has the date range. The file is
  kept for 7 to 14 days, and is base64 in the JSON of `files`. Its URL may name another host.
- Older documents let a job have dates less than 90 days apart (`startDate`, `endDate`). The present
  ones do not, so a tenant may ignore them.
- The states of a job are not documented, except for the link of its file. `report-jobs` lists the
  jobs that ended in the last `jobSpan` days, also those of other clients.
- A job may be inside `jobResult`, and a list of jobs inside `jobResults`.
- The login is that of an access key, or the password grant of a registered application.
"""

from __future__ import annotations
