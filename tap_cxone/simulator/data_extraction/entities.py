"""The entities that can be extracted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_cxone.simulator.data_extraction import invented, qm_questions, qm_workflows, recordings
from tap_cxone.simulator.rows import Source

if TYPE_CHECKING:
    from tap_cxone.simulator.rows import Write


@dataclass(frozen=True, slots=True)
class Entity:
    """What a job may extract.

    Attributes:
        source: Its rows.
        versions: The versions it has; empty if any will do.
    """

    source: Source
    versions: frozenset[str]


def _entity(name: str, write: Write, *versions: str) -> Entity:
    """Return an entity."""
    return Entity(Source.of(name, write), frozenset(versions))


ENTITIES = {
    entity.source.name: entity
    for entity in (
        _entity("qm-workflows", qm_workflows.write, "1", "3", "4"),
        _entity("qm-questions", qm_questions.write, "1"),
        _entity("recording-interaction-metadata", recordings.write, "7", "10", "12"),
        _entity("wfm-payroll", invented.write_payroll, "1"),
        _entity("qm-evaluator-notes", invented.write_notes, "1"),
    )
}
