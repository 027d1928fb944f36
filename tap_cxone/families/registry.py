"""The list of all families: name, settings class, streams module and evidence of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from tap_cxone.config import schema, validation
from tap_cxone.config.evidence import NOT_TRIED, Evidence
from tap_cxone.families.analytics_exports import streams as analytics_exports
from tap_cxone.families.analytics_exports.settings import AnalyticsExportsSettings
from tap_cxone.families.data_download import streams as data_download
from tap_cxone.families.data_download.settings import DataDownloadSettings
from tap_cxone.families.data_extraction import streams as data_extraction
from tap_cxone.families.data_extraction.settings import DataExtractionSettings
from tap_cxone.families.observability import streams as observability
from tap_cxone.families.observability.settings import ObservabilitySettings
from tap_cxone.families.reporting import streams as reporting
from tap_cxone.families.reporting.period_tables import EVIDENCE_OF_STREAMS
from tap_cxone.families.reporting.settings import ReportingSettings
from tap_cxone.families.scheduled_reports import streams as scheduled_reports
from tap_cxone.families.scheduled_reports.settings import ScheduledReportsSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from singer_sdk import Tap

    from tap_cxone.config.model import Section
    from tap_cxone.config.validation import CheckedSettings
    from tap_cxone.context import RunContext
    from tap_cxone.streams.base import CXoneStream


class StreamsModule(Protocol):
    """The module of a family that builds its streams."""

    @property
    def BUILT_IN_STREAMS(self) -> tuple[str, ...]:  # noqa: N802 (a constant of a module)
        """Return the names of the streams that every tenant has."""

    def streams(self, tap: Tap, context: RunContext) -> Sequence[CXoneStream]:
        """Return the streams of the family."""


class Family(Struct, frozen=True):
    """One family of the tap.

    Attributes:
        settings: The class of its settings.
        module: The module that builds its streams.
        stream_evidence: Stream → how well its API is documented, where that differs.
    """

    settings: type[Section]
    module: StreamsModule
    stream_evidence: Mapping[str, Evidence] = {}

    @property
    def name(self) -> str:
        """Return the name of the family in settings, state and messages."""
        return self.settings.NAME

    @property
    def evidence(self) -> Evidence:
        """Return how well the API of the family is documented."""
        return self.settings.EVIDENCE

    def evidence_of(self, stream: str) -> Evidence:
        """Return how well the API of a stream is documented."""
        return self.stream_evidence.get(stream, self.evidence)

    @property
    def stream_names(self) -> tuple[str, ...]:
        """Return the built-in streams, and the settings whose entries are further ones."""
        settings = self.settings.STREAMS_SETTINGS
        entries = (f"any entry of {self.name}.{setting}" for setting in settings)
        return (*self.module.BUILT_IN_STREAMS, *entries)


FAMILIES = (
    Family(DataExtractionSettings, data_extraction),
    Family(ReportingSettings, reporting, EVIDENCE_OF_STREAMS),
    Family(ObservabilitySettings, observability),
    Family(AnalyticsExportsSettings, analytics_exports),
    Family(DataDownloadSettings, data_download),
    Family(ScheduledReportsSettings, scheduled_reports),
)


def evidence_summary() -> str:
    """Return how well the API of each family is documented, as sentences."""
    families = {e: [f.name for f in FAMILIES if f.evidence is e] for e in Evidence}
    sentences = (f"APIs {e.label}: {', '.join(families[e])}." for e in Evidence)
    return " ".join([*sentences, NOT_TRIED])


def settings_schema(families: Sequence[Family] = FAMILIES) -> dict[str, Any]:
    """Return the JSON schema of all settings, a new one at each call: the SDK adds to it."""
    return schema.settings_schema([family.settings for family in families])


def check_settings(
    config: Mapping[str, Any],
    config_schema: Mapping[str, Any],
    families: Sequence[Family] = FAMILIES,
) -> CheckedSettings:
    """Return all settings and their problems.

    Args:
        config: The settings as JSON.
        config_schema: The schema of all settings, perhaps with those of the SDK.
        families: The families whose settings are read.
    """
    return validation.check(config, config_schema, [family.settings for family in families])
