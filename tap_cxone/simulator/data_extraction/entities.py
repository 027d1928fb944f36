"""Entities that can be extracted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_cxone.simulator.data_extraction import (
    qm_questions,
    qm_workflows,
    recordings,
    undocumented_entities,
)
from tap_cxone.simulator.rows import RowSource

if TYPE_CHECKING:
    from tap_cxone.simulator.rows import RowFactory


@dataclass(frozen=True, slots=True)
class Entity:
    """Entity that a job can extract.

    Attributes:
        source: The source of its rows.
        versions: The supported versions; empty if any version is accepted.
    """

    source: RowSource
    versions: frozenset[str]


def _entity(name: str, make_rows: RowFactory, *versions: str) -> Entity:
    """Return an entity."""
    return Entity(RowSource.from_factory(name, make_rows), frozenset(versions))


ENTITIES = {
    entity.source.name: entity
    for entity in (
        _entity("qm-workflows", qm_workflows.make_rows, "1", "3", "4"),
        _entity("qm-questions", qm_questions.make_rows, "1"),
        _entity("recording-interaction-metadata", recordings.make_rows, "7", "10", "12"),
        _entity("wfm-payroll", undocumented_entities.make_payroll_rows, "1"),
        _entity("qm-evaluator-notes", undocumented_entities.make_note_rows, "1"),
    )
}
