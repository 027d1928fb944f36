"""Base classes of all streams: windows, state, schema changes and commits.

It may import everything below the families; private parts of the SDK are used in `base` only.
"""

from __future__ import annotations
