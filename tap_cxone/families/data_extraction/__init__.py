"""The Data Extraction API: one job exports one entity and date range as one CSV file.

The API as public sources describe it:

- `POST /data-extraction/v1/jobs/sync` answers with a link when the file is ready. A tenant may
  lack this endpoint (404, 405). Then `POST …/jobs` answers 202 with the id of a job to poll.
- The API allows one active call per tenant and 30 seconds between submits. Polls are not counted.
  A submit that is too early is refused with 403 and a text such as 'please wait and try again
  later'. Any other 403 means that the user of the access key lacks a permission.
- A request takes dates, not instants. The end date is exclusive. A range has at most two weeks.
- A link lives 30 seconds and must be downloaded without the Authorization header. For 24 hours,
  every status request for the job returns a fresh link.
- New rows take up to 30 minutes to appear.
- `version` chooses the columns of the CSV file. Old versions keep working.
"""

from __future__ import annotations
