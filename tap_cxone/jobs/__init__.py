"""Remote jobs: submit, poll, resume, and what of them outlives the process.

It may import `events`, `rows`, `http`, `config`, `progress` and the leaf modules.
"""

from __future__ import annotations
