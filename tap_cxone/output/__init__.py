"""Singer messages and batch files: encoding, buffering and writing of records.

It may import `events`, `rows`, `http`, `config`, `progress` and the leaf modules.
"""

from __future__ import annotations
