"""What the streams of one family share: a login, the limits, and what the tenant is like."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap_cxone.config.validation import ACCESS_KEY, CLIENT
from tap_cxone.errors import CircuitOpen, ConfigError, QuotaExhausted
from tap_cxone.http.auth import Login
from tap_cxone.http.client import Client
from tap_cxone.http.rate_limit import Limiter
from tap_cxone.http.transport import Transport
from tap_cxone.jobs.ledger import Entries, NoJournal, tenant_key
from tap_cxone.jobs.polling import Patience
from tap_cxone.jobs.slots import Turns, Wait
from tap_cxone.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from tap_cxone.clock import Clock
    from tap_cxone.config import Settings
    from tap_cxone.events.audit_log import Audit
    from tap_cxone.events.webhook import Webhook
    from tap_cxone.http.auth import Grant
    from tap_cxone.http.rate_limit import Limits
    from tap_cxone.http.transport import Classify
    from tap_cxone.jobs.journal import Journal
    from tap_cxone.output.batch_writer import BatchingWriter
    from tap_cxone.output.writer import Sample
    from tap_cxone.progress.tracker import Progress
    from tap_cxone.signals import Interrupts
    from tap_cxone.workers.pool import Lanes

_MOST_FAILURES = 3
_FEW_RETRIES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
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
    interrupts: Interrupts
    audit: Audit
    lanes: Lanes
    progress: Progress
    journal: Journal | NoJournal
    sample: Sample
    webhook: Webhook | None = None
    batches: BatchingWriter | None = None
    failures: dict[str, Exception] = field(default_factory=dict)


@dataclass(slots=True)
class Breaker:
    """Stops asking an API that fails again and again for the same reason."""

    errors: list[Exception] = field(default_factory=list)

    def failed(self, error: Exception) -> None:
        """Count a failure, once; another reason begins anew."""
        if isinstance(error, CircuitOpen | QuotaExhausted) or error in self.errors:
            return
        same = [other for other in self.errors if _reason(other) == _reason(error)]
        self.errors = [*same, error]

    def succeeded(self) -> None:
        """Forget the failures."""
        self.errors = []

    def check(self, family: str) -> None:
        """Raise `CircuitOpen` after three failures in a row for the same reason."""
        if len(self.errors) >= _MOST_FAILURES:
            msg = (
                f"{family} failed {len(self.errors)} times in a row for the same reason and was "
                f"not asked again in this run; the last time: {self.errors[-1]}"
            )
            raise CircuitOpen(msg)


def _reason(error: Exception) -> tuple[object, ...]:
    return type(error), getattr(error, "status", None)


@dataclass(frozen=True, kw_only=True)
class Family:
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
    needs: tuple[str, ...]
    grant: Grant | None
    host: str
    limits: Limits
    settle: timedelta
    harmless: str | None
    surroundings: Surroundings
    classify: Classify | None = None
    plane: Callable[[str], str | None] | None = None
    granted: str = ""
    left: Callable[[Client, Any], str] | None = None
    also: str = ""
    window_days: int = 0
    most_days: int = 0
    places: int = 1
    own_patience: Patience | None = None
    traits: dict[str, Any] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    breaker: Breaker = field(default_factory=Breaker)

    @property
    def configured(self) -> bool:
        """Tell whether there are credentials, and something to do with them."""
        return self.grant is not None and not self.also

    @property
    def remedy(self) -> str:
        """Return what to set when the credentials are missing."""
        if self.also:
            return f"{self.name} reads nothing until {self.also} says what"
        settings = self.surroundings.settings
        held = {
            *(ACCESS_KEY if settings.access_key else ()),
            *(CLIENT if settings.application else ()),
        }
        needs = [name for name in self.needs if name not in held]
        variables = ", ".join(f"TAP_CXONE_{name.upper()}" for name in needs)
        return f"{self.name} needs {', '.join(needs)}; set them, or {variables}"

    @cached_property
    def limiter(self) -> Limiter:
        """Return the one limiter of the family."""
        return Limiter(self.limits, self.surroundings.clock, self.entries)

    @cached_property
    def entries(self) -> Entries:
        """Return what the journal says of the family."""
        login = self.grant.identity() if self.grant else ""
        return Entries(self.surroundings.journal, tenant_key(self.name, self.host, login))

    @cached_property
    def turns(self) -> Turns:
        """Return the family's places among the processes that share the journal."""
        journal = self.surroundings.journal
        return Turns(
            name=self.name,
            files=journal.locks / self.entries.tenant if journal.locks else None,
            places=self.limits.concurrent,
            kept=self.limits.exclusive,
            wait=Wait(self.surroundings.clock, journal.pause, self.patience.timeout),
            log=journal.log,
        )

    @cached_property
    def client(self) -> Client:
        """Return the one client of the family. Raises `ConfigError` without credentials."""
        if self.grant is None:
            raise ConfigError([self.remedy])
        # What asks the network is loaded by who asks it: discovery never does.

        settings = self.surroundings.settings
        transport = Transport(
            clock=self.surroundings.clock,
            redact=Redactor(set(settings.secrets)),
            interrupts=self.surroundings.interrupts,
            user_agent=settings.user_agent,
            max_retries=settings.max_retries,
            patience=settings.job_timeout,
        )
        login = Login(self.grant, transport)
        return Client(
            host=self.host,
            login=login,
            limiter=self.limiter,
            transport=transport,
            classify=self.classify,
            plane=self.plane,
            insecure=settings.allow_insecure,
        )

    def hurried(self) -> Family:
        """Return the family anew, asking no more than three times for what does not answer."""
        settings = self.surroundings.settings
        few = replace(settings, max_retries=min(settings.max_retries, _FEW_RETRIES))
        return replace(self, surroundings=replace(self.surroundings, settings=few))

    @property
    def patience(self) -> Patience:
        """Return how long the family's jobs are waited for."""
        if self.own_patience:
            return self.own_patience
        settings = self.surroundings.settings
        return Patience(settings.poll_interval, settings.job_timeout, settings.max_retries)
