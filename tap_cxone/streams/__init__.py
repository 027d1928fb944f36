"""Base classes of all streams: windows, state, schema changes and commits.

The package may import everything below the families. Only `base` uses private parts of the SDK.
"""

from __future__ import annotations
