"""What is wrong with the settings: all of it at once, each with its remedy."""

from __future__ import annotations

import difflib
import math
import re
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator

from tap_cxone.clock import parse_instant, zone_names
from tap_cxone.redact import is_secure_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from jsonschema import ValidationError

REGION = re.compile(r"[a-z]{2,4}[0-9]{1,2}")
ACCESS_KEY = ("access_key_id", "access_key_secret")
CLIENT_CREDENTIALS = ("client_id", "client_secret")
# Lists whose items are streams of the user's own: the family, the setting, a name to imitate.
_STREAM_LISTS = (
    ("data_extraction", "entities", "wfm_payroll"),
    ("analytics_exports", "exports", "bot_transfers"),
    ("data_download", "downloads", "metrics_by_interaction"),
    ("scheduled_reports", "reports", "agent_performance_daily"),
)
_SIMILARITY_CUTOFF = 0.8  # how alike two names are of which one is surely the other, mistyped
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_TENANT = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
STREAM_NAME = re.compile(r"[a-z][a-z0-9_]*")


def find_warnings(config: Mapping[str, Any]) -> list[str]:
    """Return what is not wrong with the settings but worth saying."""
    encoded = [name for name in ACCESS_KEY if _ENCODED.search(str(config.get(name, "")))]
    return [
        f"{name} was URL-encoded (%3D…) and has been decoded; better set it as CXone shows it"
        for name in encoded
    ]


def problems(config: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Return every problem of the settings, empty if there is none. No network is needed."""
    messages = [
        _describe_error(error) for error in Draft202012Validator(schema).iter_errors(config)
    ]
    checks = (
        _check_finite,
        _check_region,
        _check_urls,
        _check_dates,
        _check_time_zone,
        _check_credential_pairs,
        _check_stream_names,
    )
    messages += (problem for check in checks for problem in check(config))
    return list(dict.fromkeys(messages))


def _describe_error(error: ValidationError) -> str:
    path = ".".join(str(part) for part in error.absolute_path)
    expected: Any = error.validator_value
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known_settings = cast("dict[str, Any]", error.schema)["properties"]
        unknown = [name for name in error.instance if name not in known_settings]
        return "; ".join(_describe_unknown(name, path, known_settings) for name in unknown)
    if error.validator == "required":
        return f"{path or 'settings'}: {error.message}; add it"
    if error.validator == "enum":
        allowed = ", ".join(str(value) for value in expected if value is not None)
        value_text = (
            repr(error.instance)
            if isinstance(error.instance, str)
            else _describe_type(error.instance)
        )
        return f"{path} is {value_text}; use one of {allowed}"
    limit = {"maximum": "at most", "minimum": "at least", "exclusiveMinimum": "more than"}
    if error.validator in limit:
        relation = limit[str(error.validator)]
        return f"{path} is {error.instance}; it must be {relation} {expected}"
    if error.validator == "type":
        return f"{path} must be {_format_types(expected)}, not {_describe_type(error.instance)}"
    return f"{path}: does not fit {error.validator} {expected}; correct it"


def _describe_unknown(name: str, path: str, known_settings: Mapping[str, Any]) -> str:
    remedy = (
        did_you_mean(name, known_settings, cutoff=_SIMILARITY_CUTOFF)
        or _suggest_nested(name, known_settings)
        or did_you_mean(name, known_settings, f"known are: {', '.join(known_settings)}", cutoff=0.5)
    )
    return f"unknown setting '{f'{path}.{name}' if path else name}'; {remedy}"


def _suggest_nested(name: str, known_settings: Mapping[str, Any]) -> str:
    """Say which objects among the settings have one of about this name; nothing if none has."""
    inner = {
        outer: definition.get("properties", {}) for outer, definition in known_settings.items()
    }
    matches = {
        f"{outer}.{other}"
        for outer, names in inner.items()
        for other in difflib.get_close_matches(name, names, n=1, cutoff=_SIMILARITY_CUTOFF)
    }
    return f"it stands inside another one: {', '.join(sorted(matches))}" if matches else ""


def did_you_mean(
    name: str, known_names: Iterable[str], default: str = "", *, cutoff: float = 0.6
) -> str:
    """Return a question for the nearest known name, or `otherwise` if none is near."""
    names = list(known_names)
    equal = [other for other in names if _normalize(other) == _normalize(name)]
    matches = equal or difflib.get_close_matches(name, names, n=1, cutoff=cutoff)
    return f"did you mean '{matches[0]}'?" if matches else default


def _normalize(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def _format_types(expected: str | list[str]) -> str:
    names = (
        [expected] if isinstance(expected, str) else [name for name in expected if name != "null"]
    )
    return " or ".join(names)


def _describe_type(value: object) -> str:
    # The kind only: the value may be a secret in the wrong place.
    kinds = {bool: "a boolean", str: "a text", list: "a list", dict: "an object"}
    return kinds.get(type(value), "a number" if isinstance(value, int | float) else "null")


def aggregate_window_problems(config: Mapping[str, Any], family: str) -> Iterator[str]:
    """Yield what is wrong with the windows of a family whose rows sum up theirs."""
    family_config = config.get(family)
    days = family_config.get("window_days") if isinstance(family_config, dict) else None
    if config.get("lookback_days") and days is not None and days != 1:
        yield (
            f"{family}.window_days must be 1 with lookback_days: a row sums up its window, and "
            "windows that are cut differently would count a day twice"
        )


def _check_finite(config: Any, path: str = "") -> Iterator[str]:
    if isinstance(config, float) and not math.isfinite(config):
        yield f"{path} is {config}; write a number"
    elif isinstance(config, dict):
        for name, value in config.items():
            yield from _check_finite(value, f"{path}.{name}" if path else str(name))


def _check_region(config: Mapping[str, Any]) -> Iterator[str]:
    region = config.get("region", "na1")
    if isinstance(region, str) and not REGION.fullmatch(region):
        yield f"region is '{region}'; use an area such as na1, eu1 or au1 (see the tenant's URL)"
    tenant = config.get("tenant")
    if isinstance(tenant, str) and not _TENANT.fullmatch(tenant):
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
            "a user name; credentials go into completion_webhook.headers"
        )
    insecure = config.get("allow_insecure") is True
    for name, url in base_urls.items():
        if isinstance(url, str) and not _is_valid_base_url(url, insecure=insecure):
            yield (
                f"{name} must be an https address without a query (http only to this machine, "
                "unless allow_insecure is true): keys and tokens travel to it"
            )


def _is_valid_base_url(url: str, *, insecure: bool) -> bool:
    return (
        is_secure_url(url, insecure=insecure)
        and not urlsplit(url).query
        and not urlsplit(url).username
    )


def _check_dates(config: Mapping[str, Any]) -> Iterator[str]:
    instants: dict[str, datetime] = {}
    for name in ("start_date", "end_date"):
        text = config.get(name)
        if not isinstance(text, str):
            continue
        try:
            instants[name] = parse_instant(text)
        except ValueError:
            yield f"{name} is '{text}'; write a date such as 2026-01-31 or 2026-01-31T00:00:00Z"
    if len(instants) == 2 and instants["end_date"] <= instants["start_date"]:  # noqa: PLR2004 (both)
        yield "end_date is not after start_date; exchange them or leave end_date out"


def _check_credential_pairs(config: Mapping[str, Any]) -> Iterator[str]:
    for names, noun in (
        (ACCESS_KEY, "an access key"),
        (CLIENT_CREDENTIALS, "an application"),
    ):
        provided = [name for name in names if config.get(name)]
        if len(provided) == 1:
            (missing,) = set(names) - set(provided)
            yield f"{missing} is missing beside {provided[0]}; {noun} has both"


def _check_time_zone(config: Mapping[str, Any]) -> Iterator[str]:
    zone = config.get("timezone")
    if isinstance(zone, str) and zone not in (zones := zone_names()):
        hint = did_you_mean(zone, zones, "use one such as UTC or America/New_York")
        yield f"timezone is '{zone}', which is no IANA zone; {hint}"


def _check_stream_names(config: Mapping[str, Any]) -> Iterator[str]:
    for family, setting, example in _STREAM_LISTS:
        family_config = config.get(family)
        items = family_config.get(setting) if isinstance(family_config, dict) else None
        seen: set[str] = set()
        for index, item in enumerate(items if isinstance(items, list) else []):
            name = item.get("name") if isinstance(item, dict) else None
            if not isinstance(name, str):
                continue
            path = f"{family}.{setting}.{index}.name"
            if not STREAM_NAME.fullmatch(name):
                yield f"{path} is '{name}'; use small letters, digits and _ such as {example}"
            if name in seen:
                yield f"{path} '{name}' stands twice; give each stream one entry"
            seen.add(name)
