"""Progress of the streams: counters, snapshots, and their display.

It may import the leaf modules only.
"""

from __future__ import annotations
