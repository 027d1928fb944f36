"""Time range of a stream, and the cost and duration of a run.

It may import `context` and everything below it, but no stream and no family.
"""

from __future__ import annotations
