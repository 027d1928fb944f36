"""The Observability Dashboard's exports: one table and date range in, one CSV file out.

What is known of it:

- `POST …/tables/{table}/export-data` starts an export; the `Location` of the answer names it.
  `GET …/tables/export-data/{id}/status?fileName=…` gives a download link once it is done. Neither
  the words of the status nor the keys of the answers are documented; there is no list of exports.
- Bodies differ by table: channels and four filters, two filters, or neither.
- Both limits are refused with 400 and told apart by their text: a start more than four months ago,
  and more than three exports in 24 hours, all tables together. A user of the dashboard itself is
  said to be free of the second, an authorised one of the first.
- No column is documented: the file's header makes the schema.
- The login is a registered application's, in the name of an access key (password grant).
- One table has two names, `AutopilotKnowledge/GRTable` and `autopilot/GRTable`; a tenant has one.
"""

from __future__ import annotations
