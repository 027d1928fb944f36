"""The Data Extraction API: one entity and date range in, one CSV file out.

What it does, as far as anybody outside the vendor knows:

- `POST /data-extraction/v1/jobs/sync` answers with a link when the file is ready. A tenant may
  not have it (404, 405); then `POST …/jobs` answers 202 with a job id, to be polled.
- One active call per tenant, 30 seconds between submits; polls are not counted. Who asks too
  early gets 403 with a text such as 'please wait and try again later'. Any other 403 is a
  permission that the user behind the access key lacks.
- A request takes dates, not instants, the end exclusive, and at most two weeks.
- A link lives 30 seconds and must be fetched without the Authorization header; asking for the
  job again gives a fresh one for 24 hours.
- New rows take up to 30 minutes to appear.
- `version` chooses the CSV's columns; old versions go on working.
"""

from __future__ import annotations
