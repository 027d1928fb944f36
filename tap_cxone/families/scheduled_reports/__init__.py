"""Scheduled reports: a definition that is registered, runs of it, results as rows.

What is known of it, all of it from a guide of the vendor's forum:

- A schedule holds a report's definition. Names are not unique: who creates without looking makes
  a second one. `POST …/schedules/{id}/runs` starts a run; its body may carry an absolute date
  range, for a schedule's own range is relative.
- `GET …/results/{runId}` shows `queued`, `processing`, `completed` or `failed`, and the result:
  rows in pages (`nextPageToken`), or the link to a CSV file. Looks less than 15 s apart show
  nothing new. The engine dies at 30 minutes without saying so; `DELETE` ends a run.
- There is no list of runs: a submit whose answer is lost counts as spent.
- A metric that the report's type has not is refused with 400.
- The day is UTC's. Its figures are final between 03:00 and 05:00 of the next one.
- The login is a registered application's own, with two scopes.
"""

from __future__ import annotations
