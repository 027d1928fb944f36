"""The scheduled reports API: a registered definition, runs of it, and their results as rows.

The only source is a third-party tutorial. NICE publishes no such API:

- A schedule holds the definition of a report. Names are not unique: a client that creates without
  a lookup creates a second one.
- `POST …/schedules/{id}/runs` starts a run. The date range of a schedule is relative, but the body
  of a run may carry an absolute one.
- `GET …/results/{runId}` shows `queued`, `processing`, `completed` or `failed`, and the result.
  The result is rows in pages (`nextPageToken`) or a link to a CSV file. Polls less than 15 seconds
  apart return nothing new.
- The report engine stops at 30 minutes without an error. `DELETE` cancels a run.
- There is no list of runs. A submit with a lost response counts as spent.
- A metric that the report type does not support is refused with 400.
- Days are UTC days. Figures of a day are final between 03:00 and 05:00 of the next day.
- The login is that of a registered application, with two scopes.
"""

from __future__ import annotations
