"""The models of `transform/` as plain SQL, without dbt: one query, with subqueries for `ref`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined

TRANSFORM = Path(__file__).parents[1] / "transform"
_MODELS = TRANSFORM / "models"


def compile_model(name: str, schema: str) -> str:
    """Return the query of a model whose sources are in a schema.

    Only `ref` and `source` are known, the two functions that the models call.
    """
    # It renders SQL, not HTML.
    environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701
    environment.globals |= {
        "ref": lambda model: f"(\n{compile_model(model, schema)})",
        "source": lambda _, table: f"{schema}.{table}" if schema else table,
    }
    return environment.from_string(model_files()[name].read_text(encoding="utf-8")).render() + "\n"


@cache
def model_files() -> dict[str, Path]:
    """Return the SQL file of each model."""
    return {path.stem: path for path in sorted(_MODELS.rglob("*.sql"))}


def model_properties() -> list[dict[str, Any]]:
    """Return what the project says of each model, those of a file in their order."""
    files = sorted((_MODELS).glob("*/*.yml"))
    texts = [path.read_text(encoding="utf-8") for path in files]
    return [model for text in texts for model in yaml.safe_load(text)["models"]]
