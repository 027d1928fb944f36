"""The analytics exports: records of one kind in a range of dates, as one gzip file.

What is known of them, all of it from a tutorial of the vendor's forum:

- `POST /api/v2/analytics/exports` starts a job for at most 30 days. At most three of a tenant's
  jobs may be queued or running at once; one more is refused with 409. `GET …?status=queued,running`
  lists them.
- `GET …/{id}` shows `queued`, `running`, `completed` or `failed` (with `errorMessage`);
  `GET …/{id}/download` serves the file itself, so it takes the token, and no link that expires.
- The file is a JSON array (or CSV), mostly gzip; whether a header says so differs.
- Both ends of the range are part of it: the tutorial's own windows share an instant, and its
  records come twice there. Here a window ends a millisecond before the next begins.
- The login is a registered application's own (client credentials), for twenty minutes. It needs
  the scopes `analytics:export:read` and `analytics:export:write`.
- Records have an `id`; which other fields there are is not documented but for seven.
"""

from __future__ import annotations
