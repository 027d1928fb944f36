"""Connection test of a family's API that spends no export."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, structs

from tap_cxone.errors import CXoneError, with_permission_hint
from tap_cxone.http.auth import clock_offset
from tap_cxone.http.rate_limit_headers import RateLimitHeaders
from tap_cxone.streams.state import stream_states

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from tap_cxone.config.evidence import Evidence
    from tap_cxone.context import ApiFamily
    from tap_cxone.http.messages import ApiResponse

_FEW_RETRIES = 2
_MAX_SKEW = timedelta(minutes=2)
_LABELS = {True: "ok  ", False: "FAIL", None: "-   "}


class CheckResult(Struct, frozen=True):
    """Result of one check.

    Attributes:
        family: Name of the API family.
        check: Name of the check.
        passed: Whether the check passed; None if it was skipped.
        detail: Details of the result, with the remedy if the check failed.
    """

    family: str
    check: str
    passed: bool | None
    detail: str

    def __str__(self) -> str:
        """Return the result as one line."""
        return f"{_LABELS[self.passed]} {self.family} {self.check}: {self.detail}"


class CheckedStream(Protocol):
    """Attributes of a stream that the connection test uses."""

    @property
    def name(self) -> str:
        """Return the name of the stream."""

    @property
    def family(self) -> ApiFamily:
        """Return the API family of the stream."""

    @property
    def evidence(self) -> Evidence:
        """Return how well the API of the stream is documented."""

    def check_permission(self) -> bool:
        """Submit a job of the stream; return False if each submit costs an export."""


def check_connections(
    families: Iterable[ApiFamily],
    streams: Sequence[CheckedStream],
    *,
    selected: Collection[str] | None,
    state: Mapping[str, Any],
    permissions: bool,
) -> Iterator[CheckResult]:
    """Yield the results of all families; those that are configured come first.

    Args:
        families: The families of the tap.
        streams: The streams of the tap.
        selected: Names of the streams that a catalog selects; None without a catalog.
        state: State of the tap, whose submits count for a quota.
        permissions: Whether to submit a job of each stream for which that costs no export.
    """
    for family in sorted(families, key=lambda family: not family.configured):
        own = [s for s in streams if s.family.name == family.name]
        wanted = [s for s in own if selected is None or s.name in selected]
        if not wanted:
            yield CheckResult(family.name, "not selected", None, "the catalog has no stream of it")
            continue
        if family.configured:
            results = list(probe(_restored(_with_few_retries(family), state)))  # interactive
            yield from results
            # Streams do without the harmless read, such as the list of jobs.
            if permissions and any(r.check == "login" and r.passed for r in results):
                yield from map(check_permission, wanted)
        else:
            yield skipped_result(family)
        yield from evidence_results(own)


def _with_few_retries(family: ApiFamily) -> ApiFamily:
    """Return a copy of a family that sends a failing request at most three times."""
    settings = family.context.settings
    adjusted = structs.replace(settings, max_retries=min(settings.max_retries, _FEW_RETRIES))
    return replace(family, context=structs.replace(family.context, settings=adjusted))


def _restored(family: ApiFamily, state: Mapping[str, Any]) -> ApiFamily:
    for stream in stream_states(state):
        family.rate_limiter.restore(stream.submit_times(family.name))
    return family


def check_permission(stream: CheckedStream) -> CheckResult:
    """Return whether the API lets the credentials read a stream, if a try costs no export."""
    family, check = stream.family.name, f"permission of {stream.name}"
    try:
        tried = stream.check_permission()
    except CXoneError as error:
        return CheckResult(family, check, False, str(error))
    if tried:
        return CheckResult(family, check, True, "the API accepted a job of one day")
    return CheckResult(family, check, None, "not tried: only an export would show it")


def skipped_result(family: ApiFamily) -> CheckResult:
    """Return the result for a family that is not configured."""
    return CheckResult(family.name, "not set up", None, family.setup_hint)


def evidence_results(streams: Iterable[CheckedStream]) -> Iterator[CheckResult]:
    """Yield how well the APIs of a family's streams are documented; none of them is a failure."""
    names: dict[Evidence, list[str]] = {}
    for stream in streams:
        family = stream.family.name
        names.setdefault(stream.evidence, []).append(stream.name)
    for evidence, labelled in names.items():
        detail = f"{evidence.label}, not tried on a live tenant ({', '.join(labelled)})"
        yield CheckResult(family, "evidence", None, detail)


def probe(family: ApiFamily) -> Iterator[CheckResult]:
    """Yield the results for login, a read without cost, remaining quota and clock skew.

    The test stops at the first failure, because later checks would fail for the same reason.
    """
    try:
        token = family.client.token_provider.token()
    except CXoneError as error:
        yield CheckResult(family.name, "login", False, str(error))
        return
    yield CheckResult(family.name, "login", True, f"token for {family.base_url}")
    try:
        response = _request_probe_path(family)
    except CXoneError as error:
        yield CheckResult(family.name, "read", False, str(error))
        return
    if response is None:
        detail = "not tried: except for the login, every call of this API costs an export"
        yield CheckResult(family.name, "read", None, detail)
    else:
        yield CheckResult(family.name, "read", True, f"GET {family.probe_request_path()}")
    try:
        yield CheckResult(family.name, "quota", True, _describe_remaining(family, response))
    except CXoneError as error:
        yield CheckResult(family.name, "quota", False, str(error))
        return
    yield _check_clock(family, response.headers.get("Date", "") if response else token.date_header)


def _request_probe_path(family: ApiFamily) -> ApiResponse | None:
    path = family.probe_request_path()
    if path is None:
        return None
    with with_permission_hint(family.permission_hint):
        return family.client.get(path)


def _describe_remaining(family: ApiFamily, response: ApiResponse | None) -> str:
    """Return a text on the remaining quota of the family and the rate limit of its server."""
    quota, remaining = family.limits.quota, family.rate_limiter.remaining_exports()
    if quota is not None:
        description = f"{remaining} of {quota.exports} exports left now, according to the state"
        return description if remaining else f"{description}; {family.rate_limiter.quota_error()}"
    if response is None:
        return "exports are not counted (exports_per_day is null)"
    description = family.describe_remaining(response.json)
    headers = RateLimitHeaders.parse(response.headers, family.context.clock.now())
    if headers.remaining is None:
        return description
    limit_text = "" if headers.limit is None else f" of {headers.limit}"
    return f"{description}; {headers.remaining}{limit_text} requests left in the rate limit"


def _check_clock(family: ApiFamily, date_header: str) -> CheckResult:
    offset = clock_offset(date_header, family.context.clock.now())
    if offset is None:
        return CheckResult(
            family.name, "clock", None, "not compared, the server sent no Date header"
        )
    skew = abs(offset)
    passed = skew <= _MAX_SKEW
    remedy = (
        "" if passed else "; set this machine's clock, because it determines the end of windows"
    )
    return CheckResult(family.name, "clock", passed, f"{skew.total_seconds():.0f} s apart{remedy}")
