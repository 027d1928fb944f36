"""Rows of the table that concern one family alone, from the folder of its tests."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from tap_cxone.families.registry import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.resilience.faults.play import FaultRows, Row


def faults_of(family: str) -> FaultRows:
    """Return what a family adds to the table."""
    found: FaultRows = import_module(f"tests.families.{family}.fault_rows").FAULTS
    return found


def family_rows() -> Iterator[Row]:
    """Yield the rows of all families."""
    for family in FAMILIES:
        yield from faults_of(family.name).rows()
