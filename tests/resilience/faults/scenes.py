"""The scenes of all families, and the points at which a fault can strike each."""

from __future__ import annotations

from tests.support.scenes import FAMILY_SCENES

SCENES = {scene.name: scene for scene in FAMILY_SCENES}
READS = {scene.name: scene.reads for scene in SCENES.values()}
SUBMITS = {scene.name: scene.submits for scene in SCENES.values() if scene.submits}
