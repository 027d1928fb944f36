"""Faults that rows of the table share: one response, or every response."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator import Fault
from tests.resilience.faults.play import ALWAYS, Exact

if TYPE_CHECKING:
    from tap_cxone.simulator.faults import FaultPoint

EXACT = Exact()
JSON = "application/json"
DEEP = "[" * 100_000
HUGE = "1e999999999999999999999"
MB = 1_000_000


def once(at: FaultPoint, kind: Any = "status", **how: Any) -> tuple[Fault, ...]:
    """Return a fault that strikes one request."""
    return (Fault(at, kind, **how),)


def ever(at: FaultPoint, kind: Any = "status", **how: Any) -> tuple[Fault, ...]:
    """Return a fault that strikes every request."""
    return once(at, kind, times=ALWAYS, **how)


def says(
    at: FaultPoint, body: Any, *, media: str = JSON, status: int = 200, **how: Any
) -> tuple[Fault, ...]:
    """Return a fault that answers with a body: text and bytes as they are, others as JSON."""
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    headers = (("Content-Type", media),) if media else ()
    return once(at, status=status, headers=headers, body=text, **how)
