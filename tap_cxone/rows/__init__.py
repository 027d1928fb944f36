"""From a file to typed records: decoding, column names, conversion and duplicate keys.

It may import `http`, `config`, `progress` and the leaf modules.
"""

from __future__ import annotations
