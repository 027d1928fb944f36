"""The scenes of the families in the registry, each from the folder of the family's tests."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from tap_cxone.families.registry import FAMILIES
from tests.support.scene import Ability

if TYPE_CHECKING:
    from tests.support.scene import Scene

FAMILY_SCENES: tuple[Scene, ...] = tuple(
    scene
    for family in FAMILIES
    for scene in import_module(f"tests.families.{family.name}.scene").SCENES
)
FILE_SCENES = tuple(
    scene
    for scene in FAMILY_SCENES
    if scene.can(Ability.JOBS) and scene.file_point == "download" and not scene.file_in_json
)
"""Those whose jobs end with a file that is the body of a response."""
CSV_SCENES = tuple(scene for scene in FILE_SCENES if not scene.json_file)
