"""What one would write first for analytics exports: a job at a time, a look every five seconds.

Reads where and how from the tap's variables, and writes a record a line.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta

import requests

URL = os.environ["TAP_CXONE_BASE_URL"]
EXPORTS = f"{URL}/api/v2/analytics/exports"
PAUSE = float(os.environ["TAP_CXONE_POLL_INTERVAL_SECONDS"])
FIELDS = {"id", "type", "dateFrom", "dateTo", "botId", "agentId", "duration"}
SESSION = requests.Session()


def login() -> None:
    """Get a token, which lasts for all of it."""
    form = {
        "grant_type": "client_credentials",
        "client_id": os.environ["TAP_CXONE_CLIENT_ID"],
        "client_secret": os.environ["TAP_CXONE_CLIENT_SECRET"],
    }
    token = SESSION.post(f"{URL}/oauth/token", data=form, timeout=30).json()["access_token"]
    SESSION.headers["Authorization"] = f"Bearer {token}"


def export_window(begin: datetime, end: datetime) -> list[dict[str, object]]:
    """Submit one window, wait for it, fetch it."""
    active = SESSION.get(EXPORTS, params={"status": "queued,running"}, timeout=30).json()
    if len(active["entities"]) >= 3:  # the API's limit
        raise RuntimeError(active)
    dates = {name: f"{at:%Y-%m-%dT%H:%M:%S}.000Z" for name, at in (("From", begin), ("To", end))}
    body = {
        "query": {**{f"date{k}": v for k, v in dates.items()}, "filter": "type eq 'bot'"},
        "exportType": "conversation",
        "format": "json",
        "compression": "gzip",
        "includeHeaders": True,
    }
    job = f"{EXPORTS}/{SESSION.post(EXPORTS, json=body, timeout=30).json()['id']}"
    while SESSION.get(job, timeout=30).json()["status"] != "completed":
        time.sleep(PAUSE)
    found: list[dict[str, object]] = json.loads(
        gzip.decompress(SESSION.get(f"{job}/download", timeout=300).content)
    )
    return found


def main() -> None:
    """Read thirty days after thirty days."""
    login()
    begin, last = map(datetime.fromisoformat, sys.argv[1:])
    seen: set[object] = set()
    while begin < last:
        end = min(begin + timedelta(days=30), last)
        for record in export_window(begin.astimezone(UTC), end.astimezone(UTC)):
            if record.keys() >= FIELDS and record["id"] not in seen:
                seen.add(record["id"])
                print(json.dumps(record))
        begin = end


if __name__ == "__main__":
    main()
