"""One room per export API."""

from __future__ import annotations
