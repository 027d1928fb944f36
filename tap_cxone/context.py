"""Run context, and the objects that the streams of one API family share."""

from __future__ import annotations

from abc import ABC
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import msgspec
from msgspec import Struct

from tap_cxone.config.model import Section
from tap_cxone.config.validation import ACCESS_KEY, CLIENT_CREDENTIALS
from tap_cxone.errors import ConfigError, OutsideHours
from tap_cxone.http.auth import AccessKeyGrant, ClientCredentialsGrant, TokenProvider
from tap_cxone.http.circuit_breaker import CircuitBreaker
from tap_cxone.http.client import Client
from tap_cxone.http.rate_limit import RateLimiter, RateLimits
from tap_cxone.http.retry import RetryPolicy
from tap_cxone.http.transport import Transport
from tap_cxone.jobs.ledger import JobLedger, JournalLedger, NullLedger, tenant_key
from tap_cxone.jobs.polling import PollPolicy
from tap_cxone.jobs.slots import TenantLocks, TenantSlots
from tap_cxone.progress.formatting import format_minute
from tap_cxone.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_cxone.clock import Clock
    from tap_cxone.config.hours import DailyHours
    from tap_cxone.config.model import Settings
    from tap_cxone.errors import ApiError
    from tap_cxone.events.audit_log import AuditLog
    from tap_cxone.events.webhook import Webhook
    from tap_cxone.http.auth import Grant, Token
    from tap_cxone.http.network import Network
    from tap_cxone.jobs.journal import Journal
    from tap_cxone.output.batch_writer import BatchingWriter
    from tap_cxone.output.writer import RecordSample
    from tap_cxone.progress.tracker import Progress
    from tap_cxone.signals import SignalHandler
    from tap_cxone.workers.pool import WorkerPool


class RunContext(Struct, frozen=True, kw_only=True):
    """Objects that all streams and families of a run share.

    Attributes:
        settings: Settings of the run.
        clock: Clock of the run, which also sleeps.
        signals: Signal handler.
        network: The network, as the requests of the run have shown it.
        audit: Audit log.
        workers: Pool of family workers.
        progress: Progress tracker of the run.
        journal: Storage of jobs and submit times that outlives the run, independent of its state;
            None if none is configured.
        sample: Collector of the first records of a window, for the webhook.
        webhook: Client of the completion webhook; None if none is configured.
        batches: Writer of batch files; None if none are configured.
        failures: Error of each stream that failed in this run.
    """

    settings: Settings
    clock: Clock
    signals: SignalHandler
    network: Network
    audit: AuditLog
    workers: WorkerPool
    progress: Progress
    journal: Journal | None
    sample: RecordSample
    webhook: Webhook | None = None
    batches: BatchingWriter | None = None
    failures: dict[str, Exception] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ApiFamily(ABC):
    """One export API of one tenant. A family declares what its API has or does differently.

    Attributes:
        settings_class: Class of the family's settings, with its name and evidence.
        credentials: Settings that hold the credentials.
        host: Base URL of the API, with `{region}` or `{tenant}` in place of these settings.
        login_host: Base URL of the login, such as `host`; empty if it is that of the API.
        token_path: Path of the login.
        probe_path: Path of a GET that costs no quota; None if there is none.
        permission_hint: Permissions that the user has to grant if a request is refused.
        submits_cost_exports: Whether a submit counts against a quota or changes the tenant.
        remaining_source: Where `--test` finds the remaining quota, for the documents.
        error_header: Response header with the error text; empty if errors have a body.
        max_window_days: Maximum days in one export; 0 if `window_days` is 0.
        max_concurrent_jobs: Maximum of concurrent jobs that the API allows, whatever the settings.
        context: Shared objects of the run.
        grant: Login method; None without credentials.
        limits: Rate limits and quotas of the API.
        availability_delay: Age at which a row is certainly visible in the API.
        complete_days_only: Whether only UTC days are read that are over and visible.
        overlap: Time before the bookmark that is read again, for days that are not those of UTC.
        base_url_from_token: Returns the API base URL named in a token, or None.
        window_days: Days in one export; 0 if the window determines what a record is.
        tenant_info: Facts learned about the tenant, stored in the state of the streams.
        logged_topics: Topics already logged as a warning in this run.
        circuit_breaker: Circuit breaker of the API.
    """

    settings_class: ClassVar[type[Section]]
    credentials: ClassVar[tuple[str, ...]]
    host: ClassVar[str]
    login_host: ClassVar[str] = ""
    token_path: ClassVar[str]
    probe_path: ClassVar[str | None] = None
    permission_hint: ClassVar[str] = ""
    remaining_source: ClassVar[str] = "not counted"
    error_header: ClassVar[str] = ""
    submits_cost_exports: ClassVar[bool] = True
    max_window_days: ClassVar[int] = 0
    max_concurrent_jobs: ClassVar[int] = 1

    context: RunContext
    grant: Grant | None
    limits: RateLimits
    availability_delay: timedelta = timedelta(minutes=30)
    complete_days_only: bool = False
    overlap: timedelta = timedelta(0)
    base_url_from_token: Callable[[Token], str | None] | None = None
    window_days: int = 0
    tenant_info: dict[str, Any] = field(default_factory=dict)
    logged_topics: set[str] = field(default_factory=set)
    circuit_breaker: CircuitBreaker = field(default_factory=CircuitBreaker)

    @classmethod
    def from_settings(cls, context: RunContext) -> Self:
        """Return the API of the tenant in the settings: by default one without limits."""
        grant, days = cls.grant_of(context.settings), cls.max_window_days
        return cls(context=context, grant=grant, limits=RateLimits(), window_days=days)

    @classmethod
    def grant_of(cls, settings: Settings) -> Grant | None:
        """Return the login, by default with an access key; None without credentials."""
        key = settings.access_key
        return AccessKeyGrant(cls.token_url_of(settings), key) if key else None

    @property
    def name(self) -> str:
        """Return the name in settings, state and messages."""
        return self.settings_class.NAME

    def classify_error(self, status: int, error_text: str) -> type[ApiError] | None:  # noqa: ARG002
        """Return the error class that this API means by a status and a text, or None."""
        return None

    def probe_request_path(self) -> str | None:
        """Return `probe_path`, or the path that the settings make of it."""
        return self.probe_path

    def describe_remaining(self, response_json: Any) -> str:  # noqa: ARG002 (not counted)
        """Return a text on the remaining quota, from the JSON of the GET at `probe_path`."""
        return "exports are not counted"

    @classmethod
    def url_of(cls, settings: Settings) -> str:
        """Return the base URL of the API; empty if it depends on a missing setting."""
        return settings.base_url_for(cls.settings_class.NAME, cls._default_url(settings))

    @classmethod
    def token_url_of(cls, settings: Settings) -> str:
        """Return the URL of the login."""
        name, login_url = cls.settings_class.NAME, cls.login_host.format(region=settings.region)
        api_url = settings.endpoints.get(name, cls._default_url(settings))
        return settings.token_url(name, login_url or api_url, cls.token_path)

    @classmethod
    def application_grant(
        cls, settings: Settings, scopes: tuple[str, ...]
    ) -> ClientCredentialsGrant | None:
        """Return the login of an application; None without credentials or a host."""
        if not settings.application or not cls.url_of(settings):
            return None
        return ClientCredentialsGrant(cls.token_url_of(settings), settings.application, scopes)

    @classmethod
    def _default_url(cls, settings: Settings) -> str:
        if "{tenant}" in cls.host and not settings.tenant:
            return ""
        return cls.host.format(region=settings.region, tenant=settings.tenant)

    @property
    def base_url(self) -> str:
        """Return the base URL of the API."""
        return self.url_of(self.context.settings)

    @property
    def required_settings(self) -> tuple[str, ...]:
        """Return the settings without which no request can be sent."""
        return self.credentials if self.base_url else (*self.credentials, "tenant")

    @property
    def configured(self) -> bool:
        """Return True if the credentials are set, and the settings object if it is required."""
        return self.grant is not None and not self.off_by_default

    @property
    def off_by_default(self) -> bool:
        """Return True if the family requires its settings object, and the config has none."""
        is_opt_in = bool(self.settings_class.opt_in_reason())
        return is_opt_in and self.name not in self.context.settings.sections

    @property
    def clock_offset(self) -> timedelta:
        """Return the server's time minus that of this machine, as far as a login has shown it."""
        return self.client.token_provider.clock_offset if self.grant else timedelta(0)

    @property
    def setup_hint(self) -> str:
        """Return which settings are missing, for a message to the user."""
        settings = self.context.settings
        provided = {
            *(ACCESS_KEY if settings.access_key else ()),
            *(CLIENT_CREDENTIALS if settings.application else ()),
            *(("tenant",) if settings.tenant else ()),
        }
        missing = [name for name in self.required_settings if name not in provided]
        variables = [f"TAP_CXONE_{name.upper()}" for name in missing]
        if not self.off_by_default:
            return f"{self.name} needs {', '.join(missing)}; set them, or {', '.join(variables)}"
        names = ", ".join([f"{self.name}: {{}}", *missing])
        variables = [f"TAP_CXONE_{self.name.upper()}={{}}", *variables]
        return (
            f"{self.name} is off by default, because {self.settings_class.opt_in_reason()}; "
            f"set {names}, or {', '.join(variables)}"
        )

    @cached_property
    def rate_limiter(self) -> RateLimiter:
        """Return the rate limiter that all streams of the family share."""
        context = self.context
        timeout = context.settings.throttle_timeout
        clock = context.journal.clock if context.journal else context.clock
        return RateLimiter(self.limits, clock, self.ledger, timeout)

    @cached_property
    def ledger(self) -> JobLedger:
        """Return the ledger of the family's jobs and submit times."""
        journal = self.context.journal
        return JournalLedger(journal, self._tenant_key) if journal else NullLedger()

    @property
    def _identity(self) -> str:
        return self.grant.identity() if self.grant else ""

    @property
    def tenant(self) -> str:
        """Return a text that identifies the tenant and the login in fingerprints."""
        return f"{self.base_url} {self._identity}"

    @cached_property
    def slots(self) -> TenantSlots:
        """Return the job slots that all processes with the same journal share."""
        locks, journal = None, self.context.journal
        if journal is not None:
            timeout = self.context.settings.throttle_timeout
            locks = TenantLocks(journal, self._tenant_key, timeout)
        limits = self.limits
        return TenantSlots(self.name, limits.max_concurrent, limits.tenant_wide, locks)

    @property
    def _tenant_key(self) -> str:
        return tenant_key(self.name, self.base_url, self._identity)

    @property
    def hours(self) -> DailyHours:
        """Return the hours of the day in which the family may be read."""
        section: Section = self.context.settings.sections.get(self.name, Section())
        return section.hours

    def require_hours(self) -> None:
        """Raise `OutsideHours` if the settings exclude the present time of the day."""
        now = self.context.clock.now()
        if not self.hours.contains(now):
            until = self.hours.next_start(now)
            msg = (
                f"{self.name} is read from {self.hours} ({self.name}.not_before_utc, "
                f"{self.name}.not_after_utc), next at {format_minute(until)}"
            )
            raise OutsideHours(msg, until=until)

    @contextmanager
    def fetching(self) -> Iterator[None]:
        """Fetch for one stream inside the block; count its failure, and release its slots.

        Raises:
            CircuitOpen: The family failed repeatedly for the same reason.
            OutsideHours: The settings exclude the present time of the day.
        """
        self.require_hours()
        self.circuit_breaker.raise_if_open(self.name)
        try:
            yield
        except Exception as error:
            self.circuit_breaker.record_failure(error)
            raise
        finally:
            self.slots.release_all()
        self.circuit_breaker.record_success()

    @cached_property
    def client(self) -> Client:
        """Return the HTTP client that all streams of the family share.

        Raises:
            ConfigError: The credentials are missing.
        """
        if self.grant is None:
            raise ConfigError([self.setup_hint])
        settings = self.context.settings
        transport = Transport(
            clock=self.context.clock,
            redact=Redactor(set(settings.secrets)),
            signals=self.context.signals,
            user_agent=settings.user_agent,
            retry_policy=RetryPolicy.from_settings(settings),
            error_header=self.error_header,
            network=self.context.network,
        )
        return Client(
            base_url=self.base_url,
            token_provider=TokenProvider(self.grant, transport),
            rate_limiter=self.rate_limiter,
            transport=transport,
            classify_error=self.classify_error,
            base_url_from_token=self.base_url_from_token,
            allow_insecure=settings.allow_insecure,
            permission_hint=self.permission_hint,
        )

    @property
    def poll_policy(self) -> PollPolicy:
        """Return the poll policy of the family's jobs."""
        settings, retry = self.context.settings, RetryPolicy.from_settings(self.context.settings)
        return PollPolicy(settings.poll_interval, settings.job_timeout, retry)
