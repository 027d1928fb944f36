"""What tests of the core expect of one family."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tap_cxone.config.evidence import Evidence
    from tap_cxone.jobs.api import JobApi
    from tap_cxone.simulator.faults import FaultPoint
    from tests.support.room import Room


@dataclass(frozen=True, kw_only=True)
class FailingStreams:
    """Streams of a family that all fail at one point.

    Attributes:
        point: The point of the simulator.
        own: Settings of the family with four streams or more.
        repeated: Statuses after which a stream may send the request once more.
    """

    point: FaultPoint
    own: Mapping[str, Any]
    repeated: Collection[int] = ()


@dataclass(frozen=True, kw_only=True)
class NarrowWindows:
    """Windows of a stream that cost more exports than necessary, and the advice of the plan.

    Attributes:
        stream: The stream.
        own: The setting of the family, with its value.
        advice: What the plan says of 40 days.
    """

    stream: str
    own: Mapping[str, int]
    advice: str


@dataclass(frozen=True, kw_only=True)
class FamilyFacts:
    """What tests of the core expect of one family.

    Attributes:
        evidence: How well the API is documented.
        streams: The built-in streams.
        full_tables: Those of them without windows.
        built_in: The stream that an empty settings object selects, if the API is unverified.
        login_with: The family at whose token endpoint an application logs in, if another one.
        token_store: The attribute of the simulator's backend with the tokens of the family.
        submit_path: Pattern of the end of the path of a submit; empty for an API without jobs.
        probes: Paths that the connection test requests beside the login.
        quota: Words of the connection test about the quota, with seven calls left.
        forbidden_probe: A probe that is refused, and the remedy that the connection test names.
        failing: Streams that all fail at one point; None if the family has too few.
        fingerprints: Requests by their fingerprint for the first two weeks of 2026.
        narrow: Windows that cost more exports than necessary; None if all cost the same.
        aggregates: A stream with sums of windows; empty if the family has none.
        without_default: Nested settings without a default, or with a computed one.
        room: A stream whose file a test writes; None for a family without such files.
    """

    evidence: Evidence
    streams: tuple[str, ...]
    full_tables: tuple[str, ...] = ()
    built_in: str = ""
    login_with: str = ""
    token_store: str = "tokens"
    submit_path: str = ""
    probes: tuple[str, ...] = ()
    quota: str = ""
    forbidden_probe: tuple[FaultPoint, str] | None = None
    failing: FailingStreams | None = None
    fingerprints: Mapping[str, JobApi] = field(default_factory=dict)
    narrow: NarrowWindows | None = None
    aggregates: str = ""
    without_default: tuple[str, ...] = ()
    room: Room | None = None
