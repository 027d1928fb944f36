"""Data extraction: defaults and types of its settings."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tap_cxone.config.validation import problems
from tap_cxone.families.data_extraction.settings import DataExtractionSettings, EntitySettings
from tap_cxone.families.registry import settings_schema
from tests.support.data_extraction import FAMILY
from tests.support.ids import readable
from tests.support.settings import read_settings

SCHEMA = settings_schema()
CONFIG = {
    FAMILY: {
        "mode": "async",
        "window_days": 1,
        "request_spacing_seconds": 0.05,
        "settle_minutes": 1.5,
        "entities": [
            {
                "name": "wfm_payroll",
                "entity_name": "wfm-payroll",
                "version": "1",
                "primary_keys": ["Agent ID", "day"],
                "columns": {"Hours": "number", "Day": "date"},
            },
            {"name": "qm_workflows"},
        ],
    },
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mode", "auto"),
        ("window_days", 14),
        ("min_submit_interval", timedelta(seconds=30)),
        ("availability_delay", timedelta(minutes=30)),
        ("entities", ()),
    ],
    ids=readable,
)
def test_default_of_data_extraction(name, value):
    """Without settings the limits of the API hold."""
    assert getattr(read_settings({}).section(DataExtractionSettings), name) == value


def test_settings_of_data_extraction_are_typed():
    """Every setting of the family arrives, as what it is."""
    read = read_settings(CONFIG).section(DataExtractionSettings)

    assert (read.mode, read.window_days) == ("async", 1)
    assert read.min_submit_interval == timedelta(seconds=0.05)
    assert read.availability_delay == timedelta(seconds=90)


def test_settings_of_an_entity():
    """An entity is read with its keys and column types in the order given."""
    entity, _ = read_settings(CONFIG).section(DataExtractionSettings).entities

    assert entity == EntitySettings(
        name="wfm_payroll",
        entity_name="wfm-payroll",
        version="1",
        primary_keys=("Agent ID", "day"),
        columns={"Hours": "number", "Day": "date"},
    )
    assert list(entity.columns) == ["Hours", "Day"]


def test_entity_without_columns_keeps_the_built_in_ones():
    """What is not said of an entity is left to the built-in one."""
    *_, entity = read_settings(CONFIG).section(DataExtractionSettings).entities

    assert entity == EntitySettings("qm_workflows", None, None, None, {})


def test_no_keys_are_not_the_built_in_ones():
    """An empty list of keys is an answer, not silence."""
    entities = [{"name": "qm_workflows", "primary_keys": []}]
    (entity,) = (
        read_settings({FAMILY: {"entities": entities}}).section(DataExtractionSettings).entities
    )

    assert entity.primary_keys == ()


@pytest.mark.parametrize("name", ["entity_name", "version", "primary_keys", "columns"])
def test_null_in_an_entity_means_missing(name):
    """So is one of an entity."""
    said, silent = (
        {FAMILY: {"entities": [{"name": "qm_workflows", **more}]}} for more in ({name: None}, {})
    )

    assert problems(said, SCHEMA) or read_settings(said) == read_settings(silent)
