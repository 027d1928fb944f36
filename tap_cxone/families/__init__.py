"""One package per export API (family)."""

from __future__ import annotations
