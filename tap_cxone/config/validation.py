"""Check settings: collect all problems, each with its remedy, before any request."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators
from msgspec import Struct

from tap_cxone.clock import parse_instant
from tap_cxone.config.addresses import address_problems
from tap_cxone.config.csv import timezone_problems
from tap_cxone.config.definition import UNIQUE_NAMES
from tap_cxone.config.messages import describe_error, did_you_mean
from tap_cxone.config.model import Settings
from tap_cxone.redact import is_secure_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tap_cxone.config.model import Section

REGION = r"[a-z]{2,4}[0-9]{1,2}"
ACCESS_KEY = ("access_key_id", "access_key_secret")
CLIENT_CREDENTIALS = ("client_id", "client_secret")
_ENCODED = r"%[0-9A-Fa-f]{2}"
_TENANT = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_FORMATS = FormatChecker(formats=())


class CheckedSettings(Struct, frozen=True):
    """The result of a check.

    Attributes:
        settings: The settings; a default stands for each one that is not valid.
        problems: All problems; empty if the settings can be used.
        warnings: What is worth a warning, but no problem.
    """

    settings: Settings
    problems: list[str]
    warnings: list[str]


def check(
    config: Mapping[str, Any],
    schema: Mapping[str, Any],
    sections: Iterable[type[Section]] = (),
) -> CheckedSettings:
    """Check settings against their schema and against each other. No network is needed.

    Args:
        config: The settings as JSON.
        schema: The JSON schema of all settings.
        sections: The settings classes of the families. Each checks its settings if they fit.
    """
    errors = list(_Validator(schema, format_checker=_FORMATS).iter_errors(config))
    not_finite = dict(_find_not_finite(config))
    invalid = {error.absolute_path[0] for error in errors if error.absolute_path}
    invalid |= {path[0] for path in not_finite}
    known = schema["properties"]
    valid = {n: value for n, value in config.items() if n in known and n not in invalid}
    settings = Settings.from_config(valid, sections)
    messages = [
        *map(describe_error, errors),
        *(f"{'.'.join(path)} is {value}; write a number" for path, value in not_finite.items()),
        *(problem for core_check in _CHECKS for problem in core_check(settings)),
        *_check_urls(config),
        *_check_credential_pairs(config),
    ]
    for section in sections:
        if section.NAME not in invalid:
            messages += settings.section(section).problems(settings)
    warnings = [warning for section in settings.sections.values() for warning in section.warnings()]
    warnings += _find_encoded_keys(config)
    return CheckedSettings(settings, list(dict.fromkeys(messages)), warnings)


def problems(config: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Return the problems of the schema and of the tap's own settings, empty if there is none."""
    return check(config, schema).problems


def _find_encoded_keys(config: Mapping[str, Any]) -> list[str]:
    encoded = [name for name in ACCESS_KEY if re.search(_ENCODED, str(config.get(name, "")))]
    credentials = {name: str(config.get(name) or "") for name in (*ACCESS_KEY, *CLIENT_CREDENTIALS)}
    padded = [name for name, value in credentials.items() if value != value.strip()]
    return [
        *(
            f"{name} was URL-encoded (%3D…) and has been decoded; set it as CXone shows it"
            for name in encoded
        ),
        *(
            f"{name} had white space at its ends, which has been removed; set it without"
            for name in padded
        ),
    ]


def _check_unique_names(
    _: Any, required: bool, items: Any, __: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """Yield an error for each item of a list that has the name of an earlier one."""
    seen: set[str] = set()
    for index, item in enumerate(items if required and isinstance(items, list) else ()):
        name = item.get("name") if isinstance(item, dict) else None
        if isinstance(name, str) and name in seen:
            yield ValidationError("not unique", path=(index, "name"), instance=name)
        seen |= {name} if isinstance(name, str) else set()


_Validator = validators.extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {UNIQUE_NAMES: _check_unique_names}
)


@_FORMATS.checks("date-time", raises=ValueError)
def _check_instant(value: object) -> bool:
    return not isinstance(value, str) or bool(parse_instant(value))


def aggregate_window_problems(section: str, window_days: int, core: Settings) -> Iterator[str]:
    """Yield the problem of a section whose rows sum up windows that a lookback would shift."""
    if core.lookback_days and window_days != 1:
        yield (
            f"{section}.window_days must be 1 with lookback_days: a row sums up its window, so "
            "windows with other boundaries would count a day twice"
        )


def _find_not_finite(
    config: Any, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], float]]:
    """Yield the path and the value of each number that JSON has not: NaN and infinity."""
    if isinstance(config, float) and not math.isfinite(config):
        yield path, config
    elif isinstance(config, dict):
        for name, value in config.items():
            yield from _find_not_finite(value, (*path, str(name)))


def _check_region(settings: Settings) -> Iterator[str]:
    region, tenant = settings.region, settings.tenant
    if not re.fullmatch(REGION, region):
        yield f"region is '{region}'; use an area such as na1, eu1 or au1 (see the tenant's URL)"
    if tenant is not None and not re.fullmatch(_TENANT, tenant):
        yield f"tenant is '{tenant}'; use the sub-domain only, as in https://tenant.nicecxone.com"


def _check_urls(config: Mapping[str, Any]) -> Iterator[str]:
    endpoints = config.get("endpoints")
    base_urls = {"base_url": config.get("base_url")}
    if isinstance(endpoints, dict):
        base_urls |= {f"endpoints.{name}": url for name, url in endpoints.items()}
    webhook = config.get("completion_webhook")
    webhook_url = webhook.get("url") if isinstance(webhook, dict) else None
    if isinstance(webhook_url, str) and not is_secure_url(webhook_url):
        yield (
            "completion_webhook.url must be an https address (http only to this machine), without "
            "a user name; set credentials in completion_webhook.headers"
        )
    insecure = config.get("allow_insecure") is True
    for name, url in base_urls.items():
        if isinstance(url, str) and not _is_valid_base_url(url, insecure=insecure):
            yield (
                f"{name} must be an https address without a query (http only to this machine, "
                "unless allow_insecure is true), because it receives keys and tokens"
            )


def _is_valid_base_url(url: str, *, insecure: bool) -> bool:
    return (
        is_secure_url(url, insecure=insecure)
        and not urlsplit(url).query
        and not urlsplit(url).username
    )


def _check_dates(settings: Settings) -> Iterator[str]:
    start, end = settings.start_date, settings.end_date
    if start and end and end <= start:
        yield "end_date is not after start_date; exchange them or remove end_date"


def range_problems(settings: Settings, streams: Iterable[str]) -> Iterator[str]:
    """Yield the problem of each range of `skip_windows` and `reload` whose stream is unknown."""
    names = sorted(streams)
    skipped = enumerate(settings.skip_windows)
    named = [(f"skip_windows.{index}.stream", entry.stream) for index, entry in skipped]
    for index, entry in enumerate(settings.reload):
        named += [(f"reload.{index}.streams", stream) for stream in entry.streams]
    for setting, name in named:
        if name not in names:
            hint = did_you_mean(name, names, f"known are: {', '.join(names)}")
            yield f"{setting} names '{name}', which is no stream; {hint}"


def _check_ranges(settings: Settings) -> Iterator[str]:
    skipped = [(entry.from_, entry.to) for entry in settings.skip_windows]
    reloaded = [(entry.from_, entry.to) for entry in settings.reload]
    for name, ranges in (("skip_windows", skipped), ("reload", reloaded)):
        for index, (start, end) in enumerate(ranges):
            if end <= start:
                yield f"{name}.{index}.to is not after from; exchange them"
    ids = [entry.id for entry in settings.reload]
    for index, id_ in enumerate(ids):
        if id_ in ids[:index]:
            yield f"reload.{index}.id '{id_}' is that of an earlier entry; give it another one"


def _check_credential_pairs(config: Mapping[str, Any]) -> Iterator[str]:
    for names, noun in (
        (ACCESS_KEY, "an access key"),
        (CLIENT_CREDENTIALS, "an application"),
    ):
        provided = [name for name in names if str(config.get(name) or "").strip()]
        if len(provided) == 1:
            (missing,) = set(names) - set(provided)
            yield f"{missing} is missing, but {provided[0]} is set; {noun} needs both"


def _check_time_zone(settings: Settings) -> Iterator[str]:
    yield from timezone_problems("timezone", settings.timezone)


def _check_audit_log(settings: Settings) -> Iterator[str]:
    path = settings.audit_log_path
    if path is not None and "://" in path:
        yield from address_problems(path, "audit_log_path", "audit_log_params")


_CHECKS: tuple[Callable[[Settings], Iterator[str]], ...] = (
    _check_region,
    _check_dates,
    _check_ranges,
    _check_time_zone,
    _check_audit_log,
)
