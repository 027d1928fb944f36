"""Remote jobs: submit, poll, download and resume; ledger and slots shared by processes.

The package may import `events`, `rows`, `http`, `config`, `progress` and the leaf modules.
"""

from __future__ import annotations
