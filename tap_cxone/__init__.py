"""tap-cxone: a Singer tap for the export APIs of NICE CXone."""

from __future__ import annotations
