"""What the streams of one family share: a login, the limits, and what the tenant is like."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap_cxone.config.validation import ACCESS_KEY, CLIENT_CREDENTIALS
from tap_cxone.errors import CircuitOpen, ConfigError, QuotaExhausted
from tap_cxone.http.auth import TokenProvider
from tap_cxone.http.client import Client
from tap_cxone.http.rate_limit import RateLimiter
from tap_cxone.http.transport import Transport
from tap_cxone.jobs.ledger import JobLedger, NullLedger, tenant_key
from tap_cxone.jobs.polling import PollPolicy
from tap_cxone.jobs.slots import Poller, TenantSlots
from tap_cxone.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from tap_cxone.clock import Clock
    from tap_cxone.config.model import Settings
    from tap_cxone.events.audit_log import AuditLog
    from tap_cxone.events.webhook import Webhook
    from tap_cxone.http.auth import Grant
    from tap_cxone.http.rate_limit import RateLimits
    from tap_cxone.http.transport import ClassifyError
    from tap_cxone.jobs.journal import Journal
    from tap_cxone.output.batch_writer import BatchingWriter
    from tap_cxone.output.writer import RecordSample
    from tap_cxone.progress.tracker import Progress
    from tap_cxone.signals import SignalHandler
    from tap_cxone.workers.pool import WorkerPool

_MAX_FAILURES = 3
_FEW_RETRIES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What a run is given from outside.

    Attributes:
        settings: What it is told.
        clock: The time.
        interrupts: The signals.
        audit: Where it writes what happens.
        lanes: The families' threads.
        progress: Who is told how far it has come.
        journal: What outlives it, whatever becomes of its state.
        sample: Collects the first records of a window for the webhook.
        webhook: Who wants to know of every committed window, if anybody.
        batches: Writes rows into batch files, if the settings want that.
        failures: The error of each stream that failed in this run.
    """

    settings: Settings
    clock: Clock
    signals: SignalHandler
    audit: AuditLog
    workers: WorkerPool
    progress: Progress
    journal: Journal | NullLedger
    sample: RecordSample
    webhook: Webhook | None = None
    batches: BatchingWriter | None = None
    failures: dict[str, Exception] = field(default_factory=dict)


@dataclass(slots=True)
class CircuitBreaker:
    """Stops asking an API that fails again and again for the same reason."""

    errors: list[Exception] = field(default_factory=list)

    def record_failure(self, error: Exception) -> None:
        """Count a failure, once; another reason begins anew."""
        if isinstance(error, CircuitOpen | QuotaExhausted) or error in self.errors:
            return
        same_reason = [other for other in self.errors if _failure_key(other) == _failure_key(error)]
        self.errors = [*same_reason, error]

    def record_success(self) -> None:
        """Forget the failures."""
        self.errors = []

    def raise_if_open(self, family: str) -> None:
        """Raise `CircuitOpen` after three failures in a row for the same reason."""
        if len(self.errors) >= _MAX_FAILURES:
            msg = (
                f"{family} failed {len(self.errors)} times in a row for the same reason and was "
                f"not asked again in this run; the last time: {self.errors[-1]}"
            )
            raise CircuitOpen(msg)


def _failure_key(error: Exception) -> tuple[object, ...]:
    return type(error), getattr(error, "status", None)


@dataclass(frozen=True, kw_only=True)
class ApiFamily:
    """One export API of one tenant.

    Attributes:
        name: Its name in settings, state and messages.
        needs: The settings that hold its credentials.
        grant: How it logs in; None without credentials.
        host: Where it is.
        limits: What it allows.
        settle: How old a row must be for the API to show it for certain.
        harmless: A path whose GET costs nothing; None where there is none.
        granted: What to give to whom if that GET is refused.
        left: What the API says of what is left, by a client and what the GET answered.
        classify: Its own way to refuse.
        plane: Says of a token at which other host its data are.
        also: What it needs beside credentials, if it has not got it: the setting.
        window_days: How many days one of its exports holds, where fewer exports would do as well.
        most_days: How many it may hold.
        places: How many of its jobs may run at once, whatever the settings say.
        own_patience: How long its jobs are waited for, if not as long as the others'.
        surroundings: The run's settings, time and signals.
        told: What was said already in this run and need not be said for every stream.
        breaker: What stops asking after failures in a row.
        traits: What was learned of the tenant, kept in the streams' state.
    """

    name: str
    required_settings: tuple[str, ...]
    grant: Grant | None
    base_url: str
    limits: RateLimits
    availability_delay: timedelta
    probe_path: str | None
    context: RunContext
    classify_error: ClassifyError | None = None
    base_url_from_token: Callable[[str], str | None] | None = None
    permission_hint: str = ""
    describe_remaining: Callable[[Client, Any], str] | None = None
    missing_setting: str = ""
    window_days: int = 0
    max_window_days: int = 0
    max_concurrent_jobs: int = 1
    poll_policy_override: PollPolicy | None = None
    tenant_info: dict[str, Any] = field(default_factory=dict)
    logged_topics: set[str] = field(default_factory=set)
    circuit_breaker: CircuitBreaker = field(default_factory=CircuitBreaker)

    @property
    def configured(self) -> bool:
        """Tell whether there are credentials, and something to do with them."""
        return self.grant is not None and not self.missing_setting

    @property
    def setup_hint(self) -> str:
        """Return what to set when the credentials are missing."""
        if self.missing_setting:
            return f"{self.name} reads nothing until {self.missing_setting} says what"
        settings = self.context.settings
        provided = {
            *(ACCESS_KEY if settings.access_key else ()),
            *(CLIENT_CREDENTIALS if settings.application else ()),
        }
        missing = [name for name in self.required_settings if name not in provided]
        variables = ", ".join(f"TAP_CXONE_{name.upper()}" for name in missing)
        return f"{self.name} needs {', '.join(missing)}; set them, or {variables}"

    @cached_property
    def rate_limiter(self) -> RateLimiter:
        """Return the one limiter of the family."""
        return RateLimiter(self.limits, self.context.clock, self.ledger)

    @cached_property
    def ledger(self) -> JobLedger:
        """Return what the journal says of the family."""
        identity = self.grant.identity() if self.grant else ""
        return JobLedger(self.context.journal, tenant_key(self.name, self.base_url, identity))

    @cached_property
    def slots(self) -> TenantSlots:
        """Return the family's places among the processes that share the journal."""
        journal = self.context.journal
        return TenantSlots(
            name=self.name,
            lock_prefix=journal.lock_dir / self.ledger.tenant if journal.lock_dir else None,
            slot_count=self.limits.max_concurrent,
            hold_until_job_ends=self.limits.tenant_wide,
            poller=Poller(
                self.context.clock, journal.poll_interval, self.context.settings.throttle_timeout
            ),
            log=journal.log,
        )

    @cached_property
    def client(self) -> Client:
        """Return the one client of the family. Raises `ConfigError` without credentials."""
        if self.grant is None:
            raise ConfigError([self.setup_hint])
        # What asks the network is loaded by who asks it: discovery never does.

        settings = self.context.settings
        transport = Transport(
            clock=self.context.clock,
            redact=Redactor(set(settings.secrets)),
            signals=self.context.signals,
            user_agent=settings.user_agent,
            max_retries=settings.max_retries,
            max_elapsed=settings.throttle_timeout,
            max_elapsed_setting="throttle_timeout_minutes",
        )
        token_provider = TokenProvider(self.grant, transport)
        return Client(
            base_url=self.base_url,
            token_provider=token_provider,
            rate_limiter=self.rate_limiter,
            transport=transport,
            classify_error=self.classify_error,
            base_url_from_token=self.base_url_from_token,
            allow_insecure=settings.allow_insecure,
        )

    def with_few_retries(self) -> ApiFamily:
        """Return the family anew, asking no more than three times for what does not answer."""
        settings = self.context.settings
        adjusted = replace(settings, max_retries=min(settings.max_retries, _FEW_RETRIES))
        return replace(self, context=replace(self.context, settings=adjusted))

    @property
    def poll_policy(self) -> PollPolicy:
        """Return how long the family's jobs are waited for."""
        if self.poll_policy_override:
            return self.poll_policy_override
        settings = self.context.settings
        return PollPolicy(
            interval=settings.poll_interval,
            timeout=settings.job_timeout,
            throttle_timeout=settings.throttle_timeout,
            max_retries=settings.max_retries,
        )
