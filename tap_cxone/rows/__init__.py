"""Convert files to typed records: decoding, column names, value types, duplicate keys.

Allowed imports: `http`, `config`, `progress` and the leaf modules.
"""

from __future__ import annotations
