from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_cxone.config.environment import read_environment
from tap_cxone.config.validation import problems
from tap_cxone.families.registry import settings_schema
from tests.support.examples import csv_jobs, full_lists, quota_jobs
from tests.support.ids import readable
from tests.support.properties import many

SCHEMA = settings_schema()
GOOD = {
    "access_key_id": "id",
    "access_key_secret": "hush-hush",
    "region": "eu1",
    "start_date": "2026-01-01",
    "end_date": "2026-01-31T00:00:00Z",
    csv_jobs.FAMILY: {
        "mode": "sync",
        "window_days": 14,
        "request_spacing_seconds": 0.05,
        "settle_minutes": 0,
        "entities": [
            {
                "name": "wfm_payroll",
                "entity_name": "wfm-payroll",
                "version": "1",
                "primary_keys": ["Agent ID"],
                "columns": {"Hours": "number"},
            }
        ],
    },
    "schema_drift": "ignore",
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


def family(**settings):
    return {csv_jobs.FAMILY: settings}


def entity_family(**settings):
    return family(entities=[{"name": "wfm_payroll", **settings}])


@pytest.mark.parametrize("config", [{}, GOOD], ids=["none", "many"])
def test_good_settings(config):
    """Settings in order have no problem."""
    assert problems(config, SCHEMA) == []


BAD = {
    # unknown settings, with the nearest known one
    "unknown": ({"regoin": "eu1"}, ["'regoin'", "'region'"]),
    "unknown in another case": ({"Region": "eu1"}, ["'Region'", "'region'"]),
    "unknown in a family": (
        family(windows_days=3),
        [f"{csv_jobs.FAMILY}.windows_days", "window_days"],
    ),
    "known elsewhere": (
        {"window_day": 3},
        [
            "'window_day'",
            "belongs to another object",
            f"{csv_jobs.FAMILY}.window_days",
            f"{quota_jobs.FAMILY}.win",
        ],
    ),
    "unknown in an entity": (entity_family(colums={}), ["entities.0.colums", "'columns'"]),
    "unknown in endpoints": (
        {"endpoints": {"data_extraction_tokens": "https://a.example"}},
        [f"endpoints.{csv_jobs.FAMILY}_tokens", f"{csv_jobs.FAMILY}_token"],
    ),
    "unlike any": ({"zzzzzz": 1}, ["'zzzzzz'", "access_key_id", "start_date"]),
    # region
    "region in words": ({"region": "Europe"}, ["region", "Europe", "eu1"]),
    "region in capitals": ({"region": "NA1"}, ["region", "NA1"]),
    "region empty": ({"region": ""}, ["region"]),
    "region with a host in it": ({"region": "eu1.evil.example/"}, ["region"]),
    "region with a line": ({"region": "eu1\n"}, ["region"]),
    # dates
    "date in words": ({"start_date": "last week"}, ["start_date", "last week", "2026-01-31"]),
    "date of another country": ({"end_date": "31.01.2026"}, ["end_date", "31.01.2026"]),
    "date that is none": ({"start_date": "2026-02-30"}, ["start_date", "2026-02-30"]),
    "date empty": ({"start_date": ""}, ["start_date"]),
    "date before the calendar": (
        {"start_date": "0001-01-01T00:00:00+01:00"},
        ["start_date", "0001-01-01"],
    ),
    "end before start": (
        {"start_date": "2026-02-01", "end_date": "2026-01-01"},
        ["end_date", "start_date"],
    ),
    "end is start": (
        {"start_date": "2026-01-01", "end_date": "2026-01-01T00:00:00Z"},
        ["end_date", "start_date"],
    ),
    "end before start in UTC": (
        {"start_date": "2026-01-01T00:00:00-05:00", "end_date": "2026-01-01T04:00:00Z"},
        ["end_date", "start_date"],
    ),
    # limits
    "window over the limit": (
        family(window_days=15),
        [f"{csv_jobs.FAMILY}.window_days", "15", "14"],
    ),
    "window of nothing": (family(window_days=0), [f"{csv_jobs.FAMILY}.window_days", "at least 1"]),
    "spacing below zero": (
        family(request_spacing_seconds=-1),
        [f"{csv_jobs.FAMILY}.request_spacing_seconds", "at least 0"],
    ),
    "settle below zero": (family(settle_minutes=-0.1), ["settle_minutes", "at least 0"]),
    "no interval": ({"poll_interval_seconds": 0}, ["poll_interval_seconds", "more than 0"]),
    "no time": ({"job_timeout_minutes": 0}, ["job_timeout_minutes", "more than 0"]),
    "retries below zero": ({"max_retries": -1}, ["max_retries", "at least 0"]),
    "lookback below zero": ({"lookback_days": -1}, ["lookback_days", "at least 0"]),
    # one of several
    "mode": (family(mode="fast"), [f"{csv_jobs.FAMILY}.mode", "fast", "auto, sync, async"]),
    "drift": ({"schema_drift": "warn"}, ["schema_drift", "warn", "evolve, ignore, fail"]),
    "type of a column": (
        entity_family(columns={"Hours": "float"}),
        ["entities.0.columns.Hours", "float", "number"],
    ),
    # addresses
    "http elsewhere": ({"base_url": "http://proxy.example"}, ["base_url", "https"]),
    "http to a lookalike": ({"base_url": "http://127.0.0.1.example"}, ["base_url", "https"]),
    "no scheme": ({"base_url": "proxy.example"}, ["base_url", "https"]),
    "no host": ({"base_url": "https://"}, ["base_url"]),
    "query": ({"base_url": "https://proxy.example?key=1"}, ["base_url", "query"]),
    "password": ({"base_url": "https://me:hush@proxy.example"}, ["base_url"]),
    "password alone": ({"base_url": "https://:hush@proxy.example"}, ["base_url"]),
    "http token URL": (
        {"endpoints": {f"{csv_jobs.FAMILY}_token": "http://proxy.example/token"}},
        [f"endpoints.{csv_jobs.FAMILY}_token", "https"],
    ),
    "http endpoint": (
        {"endpoints": {csv_jobs.FAMILY: "http://proxy.example"}},
        [f"endpoints.{csv_jobs.FAMILY}", "https"],
    ),
    # access key
    "no secret": ({"access_key_id": "id"}, ["access_key_secret", "access_key_id"]),
    "no id": ({"access_key_secret": "hush"}, ["access_key_id", "access_key_secret"]),
    "empty secret": (
        {"access_key_id": "id", "access_key_secret": ""},
        ["access_key_secret", "access_key_id"],
    ),
    # entities
    "name in another style": (family(entities=[{"name": "wfm-payroll"}]), ["entities.0", "name"]),
    "name in capitals": (family(entities=[{"name": "Payroll"}]), ["entities.0", "Payroll"]),
    "name with a digit first": (family(entities=[{"name": "1st"}]), ["entities.0", "1st"]),
    "name empty": (family(entities=[{"name": ""}]), ["entities.0", "name"]),
    "no name": (family(entities=[{"version": "1"}]), ["entities.0", "name", "add"]),
    "same name twice": (
        family(entities=[{"name": "a"}, {"name": "b"}, {"name": "a"}]),
        ["entities.2", "'a'"],
    ),
    # types
    "number for a text": ({"region": 1}, ["region", "a text", "number"]),
    "text for a number": ({"max_retries": "8"}, ["max_retries", "a whole number", "text"]),
    "fraction": ({"max_retries": 1.5}, ["max_retries", "a whole number"]),
    "boolean for a number": (
        {"lookback_days": True},
        ["lookback_days", "a whole number", "boolean"],
    ),
    "text for an object": ({csv_jobs.FAMILY: "sync"}, [csv_jobs.FAMILY, "object", "text"]),
    "list for an object": ({"endpoints": []}, ["endpoints", "object", "list"]),
    "object for a list": (family(entities={}), [f"{csv_jobs.FAMILY}.entities", "a list", "object"]),
    "text for an entity": (family(entities=["a"]), [f"{csv_jobs.FAMILY}.entities.0", "object"]),
    "text for a list": (
        entity_family(primary_keys="id"),
        ["entities.0.primary_keys", "a list", "text"],
    ),
    "number for a version": (entity_family(version=4), ["entities.0.version", "a text", "number"]),
    "number in a list": (entity_family(primary_keys=["id", 1]), ["primary_keys.1", "a text"]),
    "number for an address": ({"base_url": 1}, ["base_url", "a text"]),
    "number for a date": ({"start_date": 20260101}, ["start_date", "a text"]),
}


@pytest.mark.parametrize(("config", "said"), BAD.values(), ids=BAD)
def test_bad_setting(config, said):
    """Each mistake is one problem that names the setting, what is wrong and what is right."""
    (problem,) = problems({**config}, SCHEMA)

    assert [word for word in said if word not in problem] == []


def test_validation_reports_all_problems_together():
    """Every mistake of the settings is told in one go."""
    config = {
        "regoin": "eu1",
        "region": "Europe",
        "base_url": "http://proxy.example",
        "start_date": "soon",
        "access_key_id": "id",
        "max_retries": -1,
        csv_jobs.FAMILY: {
            "mode": "fast",
            "window_day": 3,
            "window_days": 15,
            "entities": [{"name": "A"}, {"version": 4, "name": "b"}, {}],
        },
    }
    found = problems(config, SCHEMA)

    for word in [
        *("regoin", "Europe", "base_url", "soon", "access_key_secret", "max_retries"),
        *(f"{csv_jobs.FAMILY}.mode", "window_day'", "window_days is", "entities.0.name"),
        *("entities.1.version", "entities.2"),
    ]:
        assert [problem for problem in found if word in problem], word
    assert len(found) == 12


def test_two_unknown_settings_are_both_named():
    """Of several unknown settings of one place none is omitted."""
    text = " ".join(problems({"regoin": "eu1", "max_retry": 3}, SCHEMA))

    assert "'regoin'" in text
    assert "'max_retry'" in text


@pytest.mark.parametrize(
    "name", [name for name, found in SCHEMA["properties"].items() if "enum" not in found]
)
def test_value_of_a_wrong_type_is_not_repeated(name):
    """A value of another type, perhaps a secret in the wrong place, does not show."""
    kinds = SCHEMA["properties"][name]["type"]
    value = ["hush-hush"] if "string" in kinds else "hush-hush"
    found = problems({name: value}, SCHEMA)

    assert found
    assert "hush-hush" not in " ".join(found)


@pytest.mark.parametrize(
    "url",
    ["https://me:hush-hush@proxy.example", "https://a.example?key=hush-hush", "http://hush-hush"],
)
def test_address_is_not_repeated(url):
    """An address that is refused may hold a secret, and does not show."""
    assert "hush-hush" not in " ".join(problems({"base_url": url}, SCHEMA))


@pytest.mark.parametrize(
    "config",
    [
        {"region": "na1"},
        {"region": "au1"},
        {"region": "uae1"},
        {"start_date": "2026-01-31"},
        {"start_date": "2026-01-31T12:00:00"},
        {"start_date": "2026-01-31T12:00:00-05:00"},
        {"start_date": "2026-01-31", "end_date": "2026-01-31T00:00:01"},
        {"base_url": "https://proxy.example/cxone"},
        {"base_url": "http://127.0.0.1:8080"},
        {"base_url": "http://localhost:8080/"},
        {"base_url": "http://[::1]:8080"},
        {"poll_interval_seconds": 0.05},
        {"job_timeout_minutes": 0.001},
        {"max_retries": 0},
        family(window_days=1),
        family(request_spacing_seconds=0),
        entity_family(primary_keys=[]),
    ],
    ids=json.dumps,
)
def test_allowed(config):
    """What is unusual but allowed is no problem."""
    assert problems(config, SCHEMA) == []


@pytest.mark.ci
@many
@given(
    st.dictionaries(
        st.sampled_from(sorted(SCHEMA["properties"])) | st.text(max_size=5), json_values
    )
)
def test_any_settings_are_explained(config):
    """Whatever stands in the settings, it is explained; the checks do not fail themselves."""
    assert all(len(problem) > 0 for problem in problems(config, SCHEMA))


@many
@given(st.sampled_from(sorted(SCHEMA["properties"][csv_jobs.FAMILY]["properties"])), json_values)
def test_any_settings_of_a_family_are_explained(name, value):
    """So are those of a family."""
    assert all(isinstance(problem, str) for problem in problems(family(**{name: value}), SCHEMA))


@many
@given(
    st.dictionaries(
        st.sampled_from(["name", "entity_name", "version", "primary_keys", "columns"]), json_values
    )
)
def test_any_entity_is_explained(entity):
    """So are those of an entity."""
    assert all(isinstance(p, str) for p in problems(family(entities=[entity]), SCHEMA))


def test_validation_does_not_change_settings():
    """Checking changes nothing."""
    config = json.loads(json.dumps(GOOD))
    problems(config, SCHEMA)

    assert config == GOOD


# Environment variables


def read_variables(**environ):
    return read_environment(SCHEMA, environ, "TAP_CXONE_")


@pytest.mark.parametrize(
    ("variable", "text", "setting", "value"),
    [
        ("TAP_CXONE_REGION", "eu1", "region", "eu1"),
        ("TAP_CXONE_ACCESS_KEY_ID", "0042", "access_key_id", "0042"),
        ("TAP_CXONE_ACCESS_KEY_SECRET", '{"a": 1}', "access_key_secret", '{"a": 1}'),
        ("TAP_CXONE_ACCESS_KEY_SECRET", "null", "access_key_secret", "null"),
        ("TAP_CXONE_START_DATE", "2026-01-01", "start_date", "2026-01-01"),
        ("TAP_CXONE_MAX_RETRIES", "3", "max_retries", 3),
        ("TAP_CXONE_POLL_INTERVAL_SECONDS", "0.5", "poll_interval_seconds", 0.5),
        (
            "TAP_CXONE_DATA_EXTRACTION",
            '{"mode": "sync", "entities": [{"name": "a"}]}',
            csv_jobs.FAMILY,
            {"mode": "sync", "entities": [{"name": "a"}]},
        ),
        (
            "TAP_CXONE_ENDPOINTS",
            f'{{"{csv_jobs.FAMILY}": "https://a.example"}}',
            "endpoints",
            {csv_jobs.FAMILY: "https://a.example"},
        ),
    ],
    ids=readable,
)
def test_variable(variable, text, setting, value):
    """A variable is its setting: a text as it stands, all else as JSON."""
    assert read_variables(**{variable: text}) == ({setting: value}, [])


def test_variables_of_others():
    """Variables without the prefix, and those that are no setting, are left alone."""
    found = read_variables(
        REGION="eu1", TAP_CXONE_NONSENSE="x", tap_cxone_region="eu1", PATH="/bin"
    )

    assert found == ({}, [])


@pytest.mark.parametrize(
    ("variable", "text", "kind"),
    [
        ("TAP_CXONE_DATA_EXTRACTION", "{'mode': 'sync'}", "an object such as {"),
        ("TAP_CXONE_DATA_EXTRACTION", '{"mode": "sync"', "an object such as {"),
        ("TAP_CXONE_ENDPOINTS", "https://a.example", "an object such as {"),
        ("TAP_CXONE_MAX_RETRIES", "three", "set it to an integer such as 7"),
        ("TAP_CXONE_LOOKBACK_DAYS", "", "set it to an integer such as 7"),
        ("TAP_CXONE_POLL_INTERVAL_SECONDS", "0,5", "a number such as 0.5"),
        ("TAP_CXONE_PARALLEL_FAMILIES", "no", "a boolean, true or false"),
        ("TAP_CXONE_FAMILIES", full_lists.FAMILY, 'an array such as ["name"]'),
    ],
)
def test_broken_variable(variable, text, kind):
    """A variable that is not JSON is a problem that names it, and shows a value of its kind."""
    found, (problem,) = read_variables(**{variable: text})

    assert found == {}
    assert variable in problem
    assert kind in problem


def test_broken_variable_is_not_repeated():
    """The text of a broken variable, perhaps a secret, does not show."""
    _, (problem,) = read_variables(TAP_CXONE_DATA_EXTRACTION="hush-hush")

    assert "hush-hush" not in problem


def test_broken_variable_does_not_hide_others():
    """One broken variable does not hide the others, good or bad."""
    found, told = read_variables(
        TAP_CXONE_REGION="eu1", TAP_CXONE_MAX_RETRIES="three", TAP_CXONE_LOOKBACK_DAYS="two"
    )

    assert found == {"region": "eu1"}
    assert len(told) == 2


def test_variable_of_a_wrong_type_is_a_problem():
    """A variable that is JSON, but not what the setting wants, does not pass the checks."""
    found, told = read_variables(TAP_CXONE_MAX_RETRIES='"8"')

    assert told == []
    assert len(problems(found, SCHEMA)) == 1


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_variable_that_is_no_number(text):
    """What JSON has no number for is a problem, here or in the checks."""
    found, told = read_variables(TAP_CXONE_POLL_INTERVAL_SECONDS=text)

    assert [*told, *problems(found, SCHEMA)]


@many
@given(st.text())
def test_any_variable_is_a_setting_or_a_problem(text):
    """No variable makes reading them fail."""
    found, told = read_variables(TAP_CXONE_DATA_EXTRACTION=text)

    assert len(found) + len(told) == 1
