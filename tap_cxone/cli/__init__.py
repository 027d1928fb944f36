"""Command line of `tap-cxone`: options, connection test and printed plans.

It may import everything but `simulator` and `report`; only `tap` imports it.
"""

from __future__ import annotations
