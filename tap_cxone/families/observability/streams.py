"""The streams of the Observability Dashboard."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cxone.config.validation import did_you_mean
from tap_cxone.context import Family
from tap_cxone.families.observability.api import ObservabilityApi, Request, classify
from tap_cxone.families.observability.quota import choose
from tap_cxone.families.observability.tables import TABLES, DashboardTable
from tap_cxone.http.auth import PasswordGrant
from tap_cxone.http.rate_limit import Limits, Quota
from tap_cxone.rows.columns import declared, snake_case
from tap_cxone.streams.job_stream import JobStream
from tap_cxone.streams.schema import Declaration
from tap_cxone.windows import midnight, plan_days

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from singer_sdk import Tap

    from tap_cxone.context import Surroundings
    from tap_cxone.windows import Window

NAME = "observability"
ISSUER = "https://cxone.niceincontact.com"
TOKEN_PATH = "/auth/token"  # noqa: S105 (a path, not a token)
HISTORY_MONTHS = 4
SETTLE = timedelta(minutes=30)
WIDE_DAYS = 31  # asked for by default; the API documents no limit


def family(surroundings: Surroundings) -> Family:
    """Return the export API of the dashboard of the tenant in the settings."""
    settings = surroundings.settings
    key, application = settings.access_key, settings.application
    url = settings.token_url(NAME, ISSUER, TOKEN_PATH)
    exports = settings.observability.exports_per_day
    return Family(
        name=NAME,
        needs=("client_id", "client_secret", "access_key_id", "access_key_secret"),
        grant=PasswordGrant(url, application, key) if application and key else None,
        host=settings.host(NAME, f"https://api-{settings.region}.niceincontact.com"),
        limits=Limits(quota=Quota(exports) if exports else None),
        settle=SETTLE,
        harmless=None,
        surroundings=surroundings,
        classify=classify,
        window_days=settings.observability.window_days,
        most_days=WIDE_DAYS,
    )


def streams(tap: Tap, surroundings: Surroundings) -> list[TableStream]:
    """Return a stream per table; those the user left out are not selected by default."""
    allowance = Allowance(family(surroundings))
    named = surroundings.settings.observability.tables
    for table in TABLES:
        # The name the user gives is tried first; without any the stream is there, not selected.
        paths = tuple(sorted(table.paths, key=lambda path: path not in named))
        wanted = any(path in named for path in paths)
        allowance.streams.append(
            TableStream(tap, allowance, replace(table, paths=paths), wanted=wanted)
        )
    return allowance.streams


def problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the family's settings beyond their shape."""
    own = config.get(NAME)
    if not isinstance(own, dict):
        return
    named = own.get("tables") or [path for table in TABLES for path in table.paths]
    wanted = [table for table in TABLES if set(table.paths) & set(map(str, named))]
    filters = own.get("filters")
    for name, values in filters.items() if isinstance(filters, dict) else ():
        if values:
            takers = [table for table in TABLES if name in table.filters]
            yield from _not_taken(f"filters.{name}", wanted, takers)
    if own.get("channels"):
        yield from _not_taken("channels", wanted, [table for table in TABLES if table.channels])
    for setting in ("primary_keys", "columns"):
        yield from _unknown_streams(setting, own.get(setting))


def _not_taken(
    what: str, wanted: list[DashboardTable], takers: list[DashboardTable]
) -> Iterator[str]:
    others = [table.paths[0] for table in wanted if table not in takers]
    if takers and others:
        names = ", ".join(table.paths[0] for table in takers)
        yield (
            f"{NAME}.{what} is not taken by {', '.join(others)}, only by {names}; leave it out, or "
            f"name in {NAME}.tables only tables that take it"
        )


def _unknown_streams(setting: str, named: Any) -> Iterator[str]:
    known = [table.stream for table in TABLES]
    for name in named if isinstance(named, dict) else ():
        if name not in known:
            hint = did_you_mean(name, known, cutoff=0)
            yield f"{NAME}.{setting} names the stream '{name}'; {hint}"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of the family's quota, shared out among its streams."""

    family: Family
    streams: list[TableStream] = field(default_factory=list)

    def grants(self, stream: TableStream) -> bool:
        """Tell whether a stream may export its next window, or has to leave it to older ones."""
        left = self.family.limiter.exports_left()
        if left is None:
            return True
        # The SDK runs streams by name: what came before has ended, and keeps nothing reserved.
        waiting = [s for s in self.streams if s.selected and s.name >= stream.name]
        doubtful = {s.name for s in waiting if s.failed_before}
        return choose({s.name: s.due() for s in waiting}, left, doubtful=doubtful)[stream.name] > 0


class TableStream(JobStream):
    """One table, read in wide windows of whole UTC days: exports are few, days are not."""

    def __init__(
        self, tap: Tap, allowance: Allowance, table: DashboardTable, *, wanted: bool
    ) -> None:
        """Declare what the user said of the table's columns; the files say the rest."""
        self.allowance = allowance
        self.table = table
        settings = allowance.family.surroundings.settings.observability
        declaration = Declaration(
            name=table.stream,
            columns=declared(settings.columns.get(table.stream, {})),
            primary_keys=tuple(map(snake_case, settings.primary_keys.get(table.stream, ()))),
            description=table.description,
            keys_setting=f"{NAME}.primary_keys, '{table.stream}'",
            columns_setting=f"{NAME}.columns, '{table.stream}'",
        )
        super().__init__(tap, allowance.family, declaration, wanted=wanted)

    @cached_property
    @override
    def api(self) -> ObservabilityApi:
        settings = self.settings
        application, key = settings.application, settings.access_key
        request = Request(
            table=self.table,
            channels=settings.observability.channels,
            filters=settings.observability.filters,
            timezone=settings.timezone or "UTC",
            tenant=" ".join(
                (self.family.host, application.client_id, key.key_id) if application and key else ()
            ),
        )
        return ObservabilityApi(self.family.client, request, self.family.traits)

    @override
    def earliest(self, now: datetime) -> datetime | None:
        # Who has no quota is a user of the dashboard; whether its history ends too, only the API
        # knows: it says so.
        if self.family.limits.quota is None:
            return None
        from dateutil.relativedelta import relativedelta  # discovery does without

        limit = now - relativedelta(months=HISTORY_MONTHS)
        return limit if midnight(limit) == limit else midnight(limit, days=1)

    @override
    def windows(
        self, start: datetime, horizon: datetime, asked: Iterable[Window]
    ) -> Iterator[Window]:
        most = self.settings.observability.window_days
        return plan_days(start, horizon, most=most, asked=asked)

    @override
    def allowed(self, windows: Iterable[Window], asked: Iterable[Window]) -> Iterator[Window]:
        """Yield the windows that have an export already or get one of those left today."""
        spent = set(asked)
        for window in windows:
            if window not in spent and not self.allowance.grants(self):
                raise self.family.limiter.used_up()
            yield window
