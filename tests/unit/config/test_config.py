from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tap_cxone.config import validation as checks
from tap_cxone.config.connection import AccessKey
from tap_cxone.config.definition import nested_settings
from tap_cxone.config.types import COLUMN_TYPES
from tap_cxone.families.registry import FAMILIES, settings_schema
from tests.support.examples import csv_jobs, quota_jobs
from tests.support.ids import readable
from tests.support.properties import many
from tests.support.settings import read_settings

SCHEMA = settings_schema()
HOST = "https://api-na1.niceincontact.com"
LOGIN = "https://na1.nice-incontact.com"
PATH = "/authentication/v1/token/access-key"


def schema_objects(schema, path="settings"):
    """Yield every object of a schema that has settings of its own, with its path."""
    if schema.get("properties"):
        yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from schema_objects(inner, f"{path}.{name}")
    if isinstance(schema.get("items"), dict):
        yield from schema_objects(schema["items"], f"{path}[]")


def each_setting():
    """Yield the path and the definition of every setting, at any depth."""
    for path, schema in schema_objects(SCHEMA):
        for name, definition in schema["properties"].items():
            yield f"{path}.{name}", definition


OBJECTS = dict(schema_objects(SCHEMA))
EACH = dict(each_setting())


# The schema


def test_schema_is_valid():
    """The settings' schema is itself in order."""
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", OBJECTS)
def test_unknown_settings_are_refused(path):
    """A typing error in a setting is an error, at any depth."""
    assert OBJECTS[path]["additionalProperties"] is False


@pytest.mark.parametrize("path", EACH)
def test_setting_is_described(path):
    """Every setting says what it is for."""
    assert EACH[path]["description"].endswith(".")


@pytest.mark.parametrize("name", SCHEMA["properties"])
def test_setting_has_a_title(name):
    """Every setting of the first level has a name for people."""
    assert SCHEMA["properties"][name]["title"]


def test_secrets():
    """The credentials, and addresses that may contain one, are marked as secret."""
    secret = {name for name, found in SCHEMA["properties"].items() if found.get("secret")}
    halves = {"access_key_id", "access_key_secret", "client_id", "client_secret"}

    assert secret == {*halves, "journal", "audit_log_params"}


def test_column_types():
    """A column may be declared as each type that the design names."""
    assert set(COLUMN_TYPES) == {"string", "integer", "number", "boolean", "date", "date-time"}


@pytest.mark.promise("offline-discovery")
def test_no_setting_is_required():
    """Discovery needs no settings at all."""
    assert not list(Draft202012Validator(SCHEMA).iter_errors({}))


def test_schema_defaults_are_the_real_ones():
    """A default that the schema shows is what runs without the setting."""
    shown = {
        name: found["default"] for name, found in SCHEMA["properties"].items() if "default" in found
    }

    assert read_settings(shown) == read_settings({})


NESTED = {path: found for path, found in nested_settings(SCHEMA) if "." in path}


def least(schema):
    """Return the smallest object that a part of the schema allows."""
    return {
        name: fill(inner)
        for name, inner in schema.get("properties", {}).items()
        if name in schema.get("required", ())
    }


def fill(schema):
    """Return a value for a setting that must be given."""
    if "properties" in schema:
        return least(schema)
    if "enum" in schema:
        return schema["enum"][0]
    if "integer" in schema["type"]:
        return schema.get("minimum", 1)
    return [] if "array" in schema["type"] else "any"


def with_value(schema, parts, value):
    """Return the smallest object with a value at a path, such as `entities[]`, `columns`."""
    name, *rest = parts
    inner = schema["properties"][name.removesuffix("[]")]
    if rest:
        value = with_value(inner.get("items", inner), rest, value)
    return {**least(schema), name.removesuffix("[]"): [value] if name.endswith("[]") else value}


@pytest.mark.parametrize("path", [path for path, found in NESTED.items() if "default" in found])
def test_nested_defaults_are_the_real_ones(path):
    """A nested default that the schema shows is what runs without the setting."""
    parts = path.split(".")
    said = with_value(SCHEMA, parts, NESTED[path]["default"])
    silent = copy.deepcopy(said)
    inner: Any = silent
    for part in parts[:-1]:
        inner = inner[part.removesuffix("[]")]
        inner = inner[0] if part.endswith("[]") else inner
    del inner[parts[-1]]

    assert checks.problems(said, SCHEMA) == checks.problems(silent, SCHEMA)
    assert read_settings(said) == read_settings(silent)


# Defaults


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("access_key", None),
        ("region", "na1"),
        ("base_url", None),
        ("endpoints", {}),
        ("start_date", None),
        ("end_date", None),
        ("lookback", timedelta(0)),
        ("schema_drift", "evolve"),
        ("poll_interval", timedelta(seconds=5)),
        ("job_timeout", timedelta(minutes=30)),
        ("throttle_timeout", timedelta(minutes=30)),
        ("max_retries", 8),
        ("user_agent", f"tap-cxone/{version('tap-cxone')}"),
    ],
    ids=readable,
)
def test_default(name, value):
    """Without settings the defaults of the documentation hold."""
    assert getattr(read_settings({}), name) == value


# Reading

CONFIG = {
    "access_key_id": "id",
    "access_key_secret": "hush-hush",
    "region": "eu1",
    "base_url": "http://127.0.0.1:8080",
    "endpoints": {csv_jobs.FAMILY: "https://proxy.example"},
    "start_date": "2026-01-01",
    "end_date": "2026-01-31T12:00:00+02:00",
    "lookback_days": 2,
    csv_jobs.FAMILY: {
        "mode": "async",
        "window_days": 1,
        "entities": [{"name": "qm_workflows"}],
    },
    "schema_drift": "fail",
    "poll_interval_seconds": 0.05,
    "job_timeout_minutes": 0.5,
    "throttle_timeout_minutes": 0.25,
    "max_retries": 0,
    "user_agent": "me/1",
}


def test_settings_are_typed():
    """Every setting arrives, as what it is."""
    read = read_settings(CONFIG)

    assert read.access_key == AccessKey("id", "hush-hush")
    assert read.region == "eu1"
    assert read.base_url == "http://127.0.0.1:8080"
    assert read.endpoints == {csv_jobs.FAMILY: "https://proxy.example"}
    assert read.start_date == datetime(2026, 1, 1, tzinfo=UTC)
    assert read.end_date == datetime(2026, 1, 31, 10, tzinfo=UTC)
    assert read.lookback == timedelta(days=2)
    assert read.schema_drift == "fail"
    assert read.poll_interval == timedelta(seconds=0.05)
    assert read.job_timeout == timedelta(seconds=30)
    assert read.throttle_timeout == timedelta(seconds=15)
    assert read.max_retries == 0
    assert read.user_agent == "me/1"


@pytest.mark.parametrize("name", ["access_key_id", "access_key_secret"])
def test_half_a_key_is_none(name):
    """An access key has both of its halves or is none."""
    assert read_settings({name: "x"}).access_key is None


def test_settings_are_frozen():
    """Nothing is changed in the middle of a run."""
    read = read_settings(CONFIG)

    with pytest.raises(AttributeError, match="immutable"):
        read.region = "na1"  # type: ignore[misc]


def test_settings_do_not_share_what_was_given():
    """Changing what was given later changes nothing."""
    given: dict[str, Any] = copy.deepcopy(CONFIG)
    read = read_settings(given)
    given["endpoints"][csv_jobs.FAMILY] = "https://elsewhere.example"

    assert read == read_settings(CONFIG)


# Hosts


@pytest.mark.parametrize(
    ("config", "host"),
    [
        ({}, HOST),
        ({"base_url": "http://127.0.0.1:8080"}, "http://127.0.0.1:8080"),
        ({"base_url": "http://127.0.0.1:8080/"}, "http://127.0.0.1:8080"),
        ({"endpoints": {csv_jobs.FAMILY: "https://proxy.example/"}}, "https://proxy.example"),
        ({"endpoints": {f"{csv_jobs.FAMILY}_token": "https://t.example/x"}}, HOST),
        (
            {
                "base_url": "https://b.example",
                "endpoints": {csv_jobs.FAMILY: "https://e.example"},
            },
            "https://e.example",
        ),
    ],
    ids=["vendor's", "base_url", "slash", "endpoints", "token only", "both"],
)
def test_host(config, host):
    """A family's host is the one in `endpoints`, else `base_url`, else the vendor's."""
    assert read_settings(config).base_url_for(csv_jobs.FAMILY, HOST) == host


@pytest.mark.parametrize(
    ("config", "url"),
    [
        ({}, LOGIN + PATH),
        ({"base_url": "http://127.0.0.1:8080/"}, "http://127.0.0.1:8080" + PATH),
        ({"endpoints": {f"{csv_jobs.FAMILY}_token": "https://t.example/x"}}, "https://t.example/x"),
        ({"endpoints": {csv_jobs.FAMILY: "https://e.example"}}, LOGIN + PATH),
        (
            {
                "base_url": "https://b.example",
                "endpoints": {f"{csv_jobs.FAMILY}_token": "https://t.example/x"},
            },
            "https://t.example/x",
        ),
    ],
    ids=["vendor's", "base_url", "endpoints", "host only", "both"],
)
def test_token_url(config, url):
    """A token URL is the one in `endpoints`, else on `base_url`, else on the vendor's host."""
    assert read_settings(config).token_url(csv_jobs.FAMILY, LOGIN, PATH) == url


def test_other_family():
    """What is set for one family holds for no other."""
    settings = read_settings(
        {
            "endpoints": {
                csv_jobs.FAMILY: "https://e.example",
                f"{csv_jobs.FAMILY}_token": "https://t",
            }
        }
    )

    assert settings.base_url_for(quota_jobs.FAMILY, HOST) == HOST
    assert settings.token_url(quota_jobs.FAMILY, LOGIN, PATH) == LOGIN + PATH


# What passes the checks can be read


@pytest.mark.parametrize("name", SCHEMA["properties"])
def test_null_setting_means_missing(name):
    """A setting that the checks accept as null is the same as one left out."""
    config = {name: None}

    assert checks.problems(config, SCHEMA) or read_settings(config) == read_settings({})


@pytest.mark.parametrize("name", SCHEMA["properties"][csv_jobs.FAMILY]["properties"])
def test_null_in_a_family_means_missing(name):
    """So is one of a family."""
    config = {csv_jobs.FAMILY: {name: None}}
    silent = read_settings({csv_jobs.FAMILY: {}})

    assert checks.problems(config, SCHEMA) or read_settings(config) == silent
    own = FAMILIES[0].settings
    assert silent.section(own) == own()


def valid(schema):
    """Draw values that a part of the schema allows, the odd ones too."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    numbers = st.sampled_from([0, 1, 14, 0.05, 1e9, 1e12, 1e300, 10**10, 10**400, float("nan")])
    texts = st.sampled_from(
        [
            *("eu1", "wfm_payroll", "https://a.example", "2026-01-01", "2026-01-31T00:00:00Z"),
            *("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-05:00", ""),
        ]
    )
    by_kind = {
        "null": st.none(),
        "string": texts,
        "integer": numbers,
        "boolean": st.booleans(),
        "number": numbers,
        "array": st.lists(valid(schema["items"]), max_size=2) if "items" in schema else None,
        "object": st.fixed_dictionaries(
            {},
            optional={name: valid(inner) for name, inner in schema.get("properties", {}).items()},
        ),
    }
    return st.one_of([found for kind in kinds if (found := by_kind[kind]) is not None])


@many
@given(st.fixed_dictionaries({}, optional={n: valid(s) for n, s in SCHEMA["properties"].items()}))
def test_checked_settings_can_be_read(config):
    """Settings without a problem are read without an error."""
    if not checks.problems(config, SCHEMA):
        read_settings(config)


@pytest.mark.parametrize(
    "name", ["lookback_days", "poll_interval_seconds", "job_timeout_minutes", "max_retries"]
)
@pytest.mark.parametrize("value", [1e300, 10**12, float("nan"), float("inf")], ids=str)
def test_number_out_of_reach(name, value):
    """A number that no run can work with is read, or is a problem; it never crashes."""
    config = {name: value}
    if not checks.problems(config, SCHEMA):
        read_settings(config)


def test_settings_show_no_secret():
    """The settings can be shown in a message without their secrets."""
    names = ("access_key_id", "access_key_secret", "client_id", "client_secret")
    shown = repr(read_settings({name: f"hush-{name}" for name in names}))

    assert "hush" not in shown
