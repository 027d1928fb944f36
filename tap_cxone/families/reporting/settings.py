"""The settings of the reporting family."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, ClassVar

from msgspec import Meta

from tap_cxone.config.definition import ONE_WEEK
from tap_cxone.config.evidence import Evidence
from tap_cxone.config.messages import did_you_mean
from tap_cxone.config.model import Section, Settings
from tap_cxone.families.reporting.contact_table import CONTACTS
from tap_cxone.families.reporting.tables import DIMENSIONS

BUILT_IN_STREAMS = (CONTACTS.name, *(table.name for table in DIMENSIONS))
MAX_PAGE_SIZE = 10_000
DEFAULT_VERSION = "v34.0"

Version = Annotated[str, Meta(pattern=r"^v[0-9]+\.[0-9]+(?!\n)$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportingSettings(Section):
    """The settings of the reporting family."""

    NAME: ClassVar[str] = "reporting"
    TITLE: ClassVar[str] = "Reporting"
    DESCRIPTION: ClassVar[str] = "Contacts and dimension tables of the reporting API."
    EVIDENCE: ClassVar[Evidence] = Evidence.NICE_AND_CLIENTS

    api_version: Annotated[
        Version,
        Meta(
            examples=[DEFAULT_VERSION],
            description="Version in the path of the API. It determines names and types of fields.",
        ),
    ] = DEFAULT_VERSION
    api_versions: Annotated[
        dict[str, Version],
        Meta(description="Stream name to the version of its requests, where it differs."),
    ] = field(default_factory=dict)
    page_size: Annotated[
        int,
        Meta(
            ge=1,
            le=MAX_PAGE_SIZE,
            description="Rows per page, at most 10,000 (the limit of the API). A page that the "
            "server cannot build in time (408) is halved.",
        ),
    ] = 1000
    lookback_minutes: Annotated[
        float,
        Meta(
            ge=0,
            le=ONE_WEEK,
            description="Minutes before the bookmark from which changed contacts are read again.",
        ),
    ] = 60

    @property
    def lookback(self) -> timedelta:
        """Return how far before the bookmark changed contacts are read again."""
        return timedelta(minutes=self.lookback_minutes)

    def version_of(self, stream: str) -> str:
        """Return the version in the paths of a stream."""
        return self.api_versions.get(stream, self.api_version)

    def problems(self, core: Settings) -> Iterator[str]:  # noqa: ARG002 (no check needs the core)
        """Yield the problems of versions for streams that do not exist."""
        for name in self.api_versions:
            if name not in BUILT_IN_STREAMS:
                hint = did_you_mean(name, BUILT_IN_STREAMS, cutoff=0)
                yield f"{self.NAME}.api_versions names the stream '{name}'; {hint}"
