"""The families of the registry, and the trial family: as the tap and the simulator have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tap_cxone.families.registry import FAMILIES, Family, settings_schema
from tap_cxone.simulator.registry import FAMILIES as SIMULATED_FAMILIES
from tap_cxone.tap import TapCXone
from tests.contract.trial import family
from tests.contract.trial.simulated import TrialServer

if TYPE_CHECKING:
    from collections.abc import Sequence


class TapWithTrial(TapCXone):
    """The tap with one more family."""

    families: ClassVar[Sequence[Family]] = (*FAMILIES, Family(family.TrialSettings, family))
    config_jsonschema = settings_schema(families)


SIMULATED_WITH_TRIAL = (*SIMULATED_FAMILIES, TrialServer)
