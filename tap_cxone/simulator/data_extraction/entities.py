"""The entities that can be extracted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_cxone.simulator.data_extraction import qm_questions, qm_workflows, recordings
from tap_cxone.simulator.data_extraction import undocumented_entities as invented
from tap_cxone.simulator.rows import RowSource

if TYPE_CHECKING:
    from tap_cxone.simulator.rows import RowFactory


@dataclass(frozen=True, slots=True)
class Entity:
    """What a job may extract.

    Attributes:
        source: Its rows.
        versions: The versions it has; empty if any will do.
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
        _entity("wfm-payroll", invented.make_payroll_rows, "1"),
        _entity("qm-evaluator-notes", invented.make_note_rows, "1"),
    )
}
