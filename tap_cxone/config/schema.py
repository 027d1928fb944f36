"""The JSON schema of all settings: those of the tap, and a section for each family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_cxone.config.definition import list_defaults, object_schema, optional
from tap_cxone.config.model import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_cxone.config.model import Section


def settings_schema(sections: Sequence[type[Section]]) -> dict[str, Any]:
    """Return the JSON schema of all settings, those of the families included.

    Args:
        sections: The settings classes of the families.
    """
    schema = object_schema(Settings)
    properties: dict[str, Any] = {}
    for name, definition in schema["properties"].items():
        if name == "sections":
            properties |= {section.NAME: _section_schema(section) for section in sections}
        elif name != "plain_dates":
            properties[name] = definition
    names = [section.NAME for section in sections]
    properties["families"]["items"] |= {"enum": names}
    properties["endpoints"] |= {
        "properties": _endpoint_schemas(names),
        "additionalProperties": False,
    }
    del properties["endpoints"]["default"]
    for definition in properties.values():
        if "properties" in definition:
            definition["description"] += f" {list_defaults(definition)}"
    return {**schema, "properties": properties}


def _section_schema(section: type[Section]) -> dict[str, Any]:
    schema = optional(object_schema(section))
    texts = [section.DESCRIPTION, section.EVIDENCE.sentence]
    if section.opt_in_reason():
        texts.append("Its streams run only if this object is set; `{}` is enough.")
    return {**schema, "title": section.TITLE, "description": " ".join(texts)}


def _endpoint_schemas(families: Sequence[str]) -> dict[str, Any]:
    return {
        f"{family}{suffix}": {"type": ["string", "null"], "description": f"{noun} of `{family}`."}
        for family in families
        for suffix, noun in (("", "Host"), ("_token", "Token URL"))
    }
