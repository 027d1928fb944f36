"""tap-cxone: a Singer tap for the export APIs of NICE CXone."""

from __future__ import annotations

from importlib.metadata import version

__version__ = version("tap-cxone")
