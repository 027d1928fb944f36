"""Which time range a stream reads, and what a run would cost.

It may import `context` and everything below it, but no stream and no family.
"""

from __future__ import annotations
