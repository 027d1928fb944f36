"""The settings of the trial family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta

from tap_cxone.config.evidence import Evidence
from tap_cxone.config.model import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSettings(Section):
    """The settings of the trial family."""

    NAME: ClassVar[str] = "trial"
    TITLE: ClassVar[str] = "Trial"
    DESCRIPTION: ClassVar[str] = "An invented API."
    EVIDENCE: ClassVar[Evidence] = Evidence.TUTORIAL_ONLY

    detail: Annotated[str, Meta(description="How much a row says.")] = "short"
