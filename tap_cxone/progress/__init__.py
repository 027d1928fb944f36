"""Progress of the streams: what is counted, and how it is shown.

It may import the leaf modules only.
"""

from __future__ import annotations
