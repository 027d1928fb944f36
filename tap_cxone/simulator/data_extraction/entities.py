"""The entities that can be extracted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

from tap_cxone.simulator.data_extraction import invented, qm_questions, qm_workflows, recordings

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of row.

    Attributes:
        versions: The versions it has; empty if any will do.
        write: Returns the rows that tell of one event.
        columns: The header of its file.
        rows_per_event: How many rows tell of one event.
    """

    versions: frozenset[str]
    write: Callable[[Random, datetime], list[dict[str, str]]]
    columns: tuple[str, ...]
    rows_per_event: int


def _entity(write: Callable[[Random, datetime], list[dict[str, str]]], *versions: str) -> Entity:
    """Return an entity whose columns are those of any of its rows."""
    rows = write(Random(0), datetime(2000, 1, 1, tzinfo=UTC))  # noqa: S311
    return Entity(frozenset(versions), write, tuple(rows[0]), len(rows))


ENTITIES = {
    "qm-workflows": _entity(qm_workflows.write, "1", "3", "4"),
    "qm-questions": _entity(qm_questions.write, "1"),
    "recording-interaction-metadata": _entity(recordings.write, "7", "10", "12"),
    "wfm-payroll": _entity(invented.write_payroll, "1"),
    "qm-evaluator-notes": _entity(invented.write_notes, "1"),
}
