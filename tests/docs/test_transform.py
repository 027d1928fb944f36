"""The dbt project: its properties, models and sources fit together."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from typing import Any

import pytest
import yaml

from demo.models import TRANSFORM, compile_model, model_files, model_properties
from tests.docs.document import ROOT, SOURCES

MODELS = sorted(model_files())


@cache
def source_tables() -> dict[str, list[dict[str, Any]]]:
    """Return the columns of each source."""
    (source,) = yaml.safe_load(SOURCES.read_text("utf-8"))["sources"]
    return {table["name"]: table["columns"] for table in source["tables"]}


def test_every_model_is_described():
    """Each SQL file has properties, and there are no properties of other models."""
    assert sorted(model["name"] for model in model_properties()) == MODELS
    assert [model["name"] for model in model_properties() if not model["description"]] == []


@pytest.mark.parametrize("model", MODELS)
def test_sources_of_a_model_are_streams(model):
    """A model reads only tables of the sources."""
    text = model_files()[model].read_text("utf-8")
    names = set(re.findall(r"source\('cxone', '(\w+)'\)", text))

    assert names - set(source_tables()) == set()


def test_models_compile_to_queries_without_jinja():
    """No expression is left over, in no model."""
    texts = {model: compile_model(model, "cxone") for model in MODELS}

    assert [model for model, text in texts.items() if "{" in text] == []


def test_marts_with_a_question_have_three_columns_and_a_unit():
    """What is compared, the number of rows, and the value: the demo shows nothing else."""
    marts = [m for m in model_properties() if "question" in m.get("config", {}).get("meta", {})]

    assert len(marts) == 3
    assert {len(mart["columns"]) for mart in marts} == {3}
    assert {mart["config"]["meta"]["unit"] for mart in marts} == {"seconds", "share"}


def test_sources_describe_every_column():
    """No column of a source lacks its meaning."""
    columns = [(table, column) for table, own in source_tables().items() for column in own]

    assert len(columns) > 600
    assert [(table, c["name"]) for table, c in columns if not c["description"]] == []


def test_dbt_project_has_the_version_of_the_tap():
    """The models fit the columns of one version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    definition = yaml.safe_load((TRANSFORM / "dbt_project.yml").read_text("utf-8"))

    assert definition["version"] == project["version"]
