"""What is wrong with the settings: all of it at once, each with its remedy."""

from __future__ import annotations

import difflib
import math
import re
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator

from tap_cxone.clock import parse_instant, zone_names
from tap_cxone.redact import is_private

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from jsonschema import ValidationError

REGION = re.compile(r"[a-z]{2,4}[0-9]{1,2}")
ACCESS_KEY = ("access_key_id", "access_key_secret")
CLIENT = ("client_id", "client_secret")
# Lists whose items are streams of the user's own: the family, the setting, a name to imitate.
_NAMED = (
    ("data_extraction", "entities", "wfm_payroll"),
    ("analytics_exports", "exports", "bot_transfers"),
    ("data_download", "downloads", "metrics_by_interaction"),
    ("scheduled_reports", "reports", "agent_performance_daily"),
)
_NEAR = 0.8  # how alike two names are of which one is surely the other, mistyped
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_TENANT = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
STREAM_NAME = re.compile(r"[a-z][a-z0-9_]*")


def remarks(config: Mapping[str, Any]) -> list[str]:
    """Return what is not wrong with the settings but worth saying."""
    encoded = [name for name in ACCESS_KEY if _ENCODED.search(str(config.get(name, "")))]
    return [
        f"{name} was URL-encoded (%3D…) and has been decoded; better set it as CXone shows it"
        for name in encoded
    ]


def problems(config: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Return every problem of the settings, empty if there is none. No network is needed."""
    found = [_explain(error) for error in Draft202012Validator(schema).iter_errors(config)]
    checks = (_finite, _region, _urls, _dates, _zone, _pairs, _names)
    found += (problem for check in checks for problem in check(config))
    return list(dict.fromkeys(found))


def _explain(error: ValidationError) -> str:
    where = ".".join(str(part) for part in error.absolute_path)
    wanted: Any = error.validator_value
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = cast("dict[str, Any]", error.schema)["properties"]
        unknown = [name for name in error.instance if name not in known]
        return "; ".join(_unknown(name, where, known) for name in unknown)
    if error.validator == "required":
        return f"{where or 'settings'}: {error.message}; add it"
    if error.validator == "enum":
        allowed = ", ".join(str(value) for value in wanted if value is not None)
        shown = repr(error.instance) if isinstance(error.instance, str) else _kind(error.instance)
        return f"{where} is {shown}; use one of {allowed}"
    limit = {"maximum": "at most", "minimum": "at least", "exclusiveMinimum": "more than"}
    if error.validator in limit:
        words = limit[str(error.validator)]
        return f"{where} is {error.instance}; it must be {words} {wanted}"
    if error.validator == "type":
        return f"{where} must be {_types(wanted)}, not {_kind(error.instance)}"
    return f"{where}: does not fit {error.validator} {wanted}; correct it"


def _unknown(name: str, where: str, known: Mapping[str, Any]) -> str:
    remedy = (
        did_you_mean(name, known, cutoff=_NEAR)
        or _inside(name, known)
        or did_you_mean(name, known, f"known are: {', '.join(known)}", cutoff=0.5)
    )
    return f"unknown setting '{f'{where}.{name}' if where else name}'; {remedy}"


def _inside(name: str, known: Mapping[str, Any]) -> str:
    """Say which objects among the settings have one of about this name; nothing if none has."""
    inner = {outer: found.get("properties", {}) for outer, found in known.items()}
    near = {
        f"{outer}.{other}"
        for outer, names in inner.items()
        for other in difflib.get_close_matches(name, names, n=1, cutoff=_NEAR)
    }
    return f"it stands inside another one: {', '.join(sorted(near))}" if near else ""


def did_you_mean(
    name: str, known: Iterable[str], otherwise: str = "", *, cutoff: float = 0.6
) -> str:
    """Return a question for the nearest known name, or `otherwise` if none is near."""
    names = list(known)
    same = [other for other in names if _letters(other) == _letters(name)]
    near = same or difflib.get_close_matches(name, names, n=1, cutoff=cutoff)
    return f"did you mean '{near[0]}'?" if near else otherwise


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def _types(wanted: str | list[str]) -> str:
    names = [wanted] if isinstance(wanted, str) else [name for name in wanted if name != "null"]
    return " or ".join(names)


def _kind(value: object) -> str:
    # The kind only: the value may be a secret in the wrong place.
    kinds = {bool: "a boolean", str: "a text", list: "a list", dict: "an object"}
    return kinds.get(type(value), "a number" if isinstance(value, int | float) else "null")


def summed_up(config: Mapping[str, Any], family: str) -> Iterator[str]:
    """Yield what is wrong with the windows of a family whose rows sum up theirs."""
    own = config.get(family)
    days = own.get("window_days") if isinstance(own, dict) else None
    if config.get("lookback_days") and days is not None and days != 1:
        yield (
            f"{family}.window_days must be 1 with lookback_days: a row sums up its window, and "
            "windows that are cut differently would count a day twice"
        )


def _finite(config: Any, where: str = "") -> Iterator[str]:
    if isinstance(config, float) and not math.isfinite(config):
        yield f"{where} is {config}; write a number"
    elif isinstance(config, dict):
        for name, value in config.items():
            yield from _finite(value, f"{where}.{name}" if where else str(name))


def _region(config: Mapping[str, Any]) -> Iterator[str]:
    region = config.get("region", "na1")
    if isinstance(region, str) and not REGION.fullmatch(region):
        yield f"region is '{region}'; use an area such as na1, eu1 or au1 (see the tenant's URL)"
    tenant = config.get("tenant")
    if isinstance(tenant, str) and not _TENANT.fullmatch(tenant):
        yield f"tenant is '{tenant}'; use the sub-domain only, as in https://tenant.nicecxone.com"


def _urls(config: Mapping[str, Any]) -> Iterator[str]:
    endpoints = config.get("endpoints")
    named = {"base_url": config.get("base_url")}
    if isinstance(endpoints, dict):
        named |= {f"endpoints.{name}": url for name, url in endpoints.items()}
    webhook = config.get("completion_webhook")
    told = webhook.get("url") if isinstance(webhook, dict) else None
    if isinstance(told, str) and not is_private(told):
        yield (
            "completion_webhook.url must be an https address (http only to this machine), without "
            "a user name; credentials go into completion_webhook.headers"
        )
    insecure = config.get("allow_insecure") is True
    for name, url in named.items():
        if isinstance(url, str) and not _is_base(url, insecure=insecure):
            yield (
                f"{name} must be an https address without a query (http only to this machine, "
                "unless allow_insecure is true): keys and tokens travel to it"
            )


def _is_base(url: str, *, insecure: bool) -> bool:
    return (
        is_private(url, insecure=insecure)
        and not urlsplit(url).query
        and not urlsplit(url).username
    )


def _dates(config: Mapping[str, Any]) -> Iterator[str]:
    read: dict[str, datetime] = {}
    for name in ("start_date", "end_date"):
        text = config.get(name)
        if not isinstance(text, str):
            continue
        try:
            read[name] = parse_instant(text)
        except ValueError:
            yield f"{name} is '{text}'; write a date such as 2026-01-31 or 2026-01-31T00:00:00Z"
    if len(read) == 2 and read["end_date"] <= read["start_date"]:  # noqa: PLR2004 (both)
        yield "end_date is not after start_date; exchange them or leave end_date out"


def _pairs(config: Mapping[str, Any]) -> Iterator[str]:
    for names, what in (
        (ACCESS_KEY, "an access key"),
        (CLIENT, "an application"),
    ):
        given = [name for name in names if config.get(name)]
        if len(given) == 1:
            (missing,) = set(names) - set(given)
            yield f"{missing} is missing beside {given[0]}; {what} has both"


def _zone(config: Mapping[str, Any]) -> Iterator[str]:
    zone = config.get("timezone")
    if isinstance(zone, str) and zone not in (zones := zone_names()):
        hint = did_you_mean(zone, zones, "use one such as UTC or America/New_York")
        yield f"timezone is '{zone}', which is no IANA zone; {hint}"


def _names(config: Mapping[str, Any]) -> Iterator[str]:
    for family, setting, example in _NAMED:
        own = config.get(family)
        items = own.get(setting) if isinstance(own, dict) else None
        seen: set[str] = set()
        for index, item in enumerate(items if isinstance(items, list) else []):
            name = item.get("name") if isinstance(item, dict) else None
            if not isinstance(name, str):
                continue
            where = f"{family}.{setting}.{index}.name"
            if not STREAM_NAME.fullmatch(name):
                yield f"{where} is '{name}'; use small letters, digits and _ such as {example}"
            if name in seen:
                yield f"{where} '{name}' stands twice; give each stream one entry"
            seen.add(name)
