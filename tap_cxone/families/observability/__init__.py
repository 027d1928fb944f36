"""The Observability Dashboard API: one job exports one table and date range as one CSV file.

Known facts about the API:

- `POST …/tables/{table}/export-data` starts an export. The `Location` header of the response names
  the export.
- `GET …/tables/export-data/{id}/status?fileName=…` returns a download link once the export is done.
  Neither the status values nor the keys of the responses are documented. There is no list of
  exports.
- Bodies differ by table: channels and four filters, two filters, or neither.
- The API refuses two things with 400, which only the text distinguishes. One is a start more than
  four months ago. The other is more than three exports in 24 hours, counted over all tables.
- A user of the dashboard itself is reported to be exempt from the second limit. An authorised
  user is reported to be exempt from the first.
- No column is documented. The header of the file defines the schema.
- The login is that of a registered application on behalf of an access key (password grant).
- One table has two names, `AutopilotKnowledge/GRTable` and `autopilot/GRTable`. A tenant has one
  of them.
"""

from __future__ import annotations
