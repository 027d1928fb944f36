"""Write Singer messages and batch files: encode, buffer and flush records.

Allowed imports: `events`, `rows`, `http`, `config`, `progress` and the leaf modules.
"""

from __future__ import annotations
