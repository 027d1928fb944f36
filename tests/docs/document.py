"""Write into README.md, docs and meltano.yml what follows from the code; `make docs`.

Tests compare the files with what this would write.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import textwrap
import tomllib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from demo.models import compile_model
from tap_cxone.config.definition import format_default
from tap_cxone.config.evidence import NOT_TRIED
from tap_cxone.events.audit_log import COMMON_FIELDS, EVENTS
from tap_cxone.families.registry import FAMILIES, settings_schema
from tap_cxone.rows.columns import Column
from tap_cxone.streams.base import CXoneStream
from tap_cxone.tap import TapCXone
from tests.docs import retries
from tests.docs.dbt_sources import dbt_sources
from tests.docs.promises import promises_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_cxone.context import ApiFamily

ROOT = Path(__file__).parent.parent.parent
RESULTS = ROOT / "tests/benchmarks/results.json"
HUB = ROOT / "docs/hub/tap-cxone.yml"
SOURCES = ROOT / "transform/models/sources.yml"
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
FIRST_SETTINGS = (
    "region",
    "start_date",
    "end_date",
    "access_key_id",
    "access_key_secret",
    "client_id",
    "client_secret",
    # Off by default, although NICE documents the API.
    *(f.name for f in FAMILIES if f.settings.opt_in_reason() and not f.evidence.opt_in),
    "journal",
    "audit_log_path",
)
GROUPS = [["access_key_id", "access_key_secret"], ["client_id", "client_secret"]]


_SETTING_TITLES = "| setting | type | default | meaning |\n|---|---|---|---|"


def settings_table() -> str:
    """Return the table of settings, nested ones below their parent."""
    rows = "\n".join(_setting_rows(settings_schema()["properties"], ""))
    return f"{_SETTING_TITLES}\n{rows}"


def first_settings_table() -> str:
    """Return the README's table of the settings that a first run needs."""
    known = settings_schema()["properties"]
    rows = "\n".join(_setting_row(name, known[name]) for name in FIRST_SETTINGS)
    return f"{_SETTING_TITLES}\n{rows}"


def _setting_row(name: str, schema: dict[str, Any]) -> str:
    default = f"`{format_default(schema['default'])}`" if "default" in schema else ""
    kind = "secret" if schema.get("secret") else schema.get("format", _setting_type(schema))
    return f"| `{name}` | {kind} | {default} | {schema['description']} |"


def _setting_rows(properties: dict[str, Any], above: str) -> Iterator[str]:
    for name, schema in properties.items():
        yield _setting_row(f"{above}{name}", schema)
        yield from _setting_rows(schema.get("properties", {}), f"{above}{name}.")
        yield from _setting_rows(schema.get("items", {}).get("properties", {}), f"{above}{name}[].")


def _setting_type(schema: dict[str, Any]) -> str:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return next(str(kind) for kind in kinds if kind != "null")


def streams_overview() -> str:
    """Return the README's table of the streams: how sure the API of each is, and what a row is."""
    rows = [f"| {name} | {label} | {row} |" for name, _, label, _, _, row in _documented_streams()]
    return "\n".join(["| stream | its API | a row |", "|---|---|---|", *rows, "", NOT_TRIED])


def streams_table() -> str:
    """Return the table of the built-in streams with their keys and numbers of columns."""
    rows = [f"| {' | '.join(map(str, cells))} |" for cells in _documented_streams()]
    titles = "| stream | entity, table or export | its API | key | known columns | a row |"
    return "\n".join([titles, "|---|---|---|---|---|---|", *rows, "", NOT_TRIED])


def _documented_streams() -> Iterator[tuple[str, str, str, str, str, str]]:
    """Yield name, source, label, keys, number of columns and row of each stream."""
    for family in FAMILIES:
        for name, source, keys, columns, row in _stream_docs(family.name).STREAMS:
            yield name, source, family.evidence_of(name.strip("`")).label, keys, columns, row
    source, row = "rows that failed validation", "A row that failed validation, as it came."
    yield "`quarantine`", source, "none", "`record_id`", "9", row
    keys = "`stream`, `window_start`, `window_end`, `committed_at`"
    yield "`extraction_log`", "committed windows", "none", keys, "11", "A committed window."


def _stream_docs(family: str) -> Any:
    """Return the module that documents the streams of a family."""
    return import_module(f"tests.families.{family}.stream_table")


def evidence_table() -> str:
    """Return the table of how well the API of each stream is documented."""
    rows = [
        f"| `{name}` | `{family.name}` | {family.evidence_of(name).label} |"
        for family in FAMILIES
        for name in family.module.BUILT_IN_STREAMS
    ]
    rows += [
        f"| any entry of `{family.name}.{setting}` | `{family.name}` | {family.evidence.label} |"
        for family in FAMILIES
        for setting in family.settings.STREAMS_SETTINGS
    ]
    titles = ["| stream | family | its API |", "|---|---|---|"]
    return "\n".join([*titles, *rows, "", NOT_TRIED])


def families_table() -> str:
    """Return the table of the families' packages: the first line of each describes its API."""
    texts = {n: _first_line(type(f)).partition(": ")[2] for n, f in _families().items()}
    rows = [f"| `families/{n}/` | {text[0].upper()}{text[1:]} |" for n, text in texts.items()]
    return "\n".join(["| package of `families/` | its API |", "|---|---|", *rows])


def checks_table() -> str:
    """Return the table of what `--test` asks the API of each family."""
    rows = [
        f"| `{name}` | `{family.token_path}` | {_probe(family)} | {family.remaining_source} |"
        for name, family in _families().items()
    ]
    titles = "| family | login | harmless read | remaining quota |"
    return "\n".join([titles, "|---|---|---|---|", *rows])


def _probe(family: ApiFamily) -> str:
    costs = "none: every other call of this API costs an export"
    return f"`{family.probe_path}`" if family.probe_path else costs


def _families() -> dict[str, ApiFamily]:
    streams = TapCXone(validate_config=False).streams.values()
    found = {s.family.name: s.family for s in streams if isinstance(s, CXoneStream)}
    return {family.name: found[family.name] for family in FAMILIES}


def _first_line(family: type[ApiFamily]) -> str:
    package = import_module(family.__module__.rpartition(".")[0])
    return (package.__doc__ or "").partition("\n")[0]


def limits_table() -> str:
    """Return the table of the limits of each API, and what the tap does to keep them."""
    titles = ["| family | limit of the API | what the tap does | setting |", "|---|---|---|---|"]
    common = (ROOT / "tests/docs/limits.md").read_text("utf-8").splitlines()
    return "\n".join([*titles, *_named_rows("limits"), *common])


def tenant_info_table() -> str:
    """Return the table of the facts about the tenant that STATE has."""
    titles = ["| family | entry | meaning |", "|---|---|---|"]
    return "\n".join([*titles, *_named_rows("tenant_info")])


def requirements_table() -> str:
    """Return the table of the credentials and permissions that streams need."""
    titles = ["| streams | credentials | permission or scope | also |", "|---|---|---|---|"]
    return "\n".join([*titles, *_all_rows("requirements")])


def column_sources_table() -> str:
    """Return the table of where the columns come from that are not known before."""
    titles = ["| stream | source of other columns |", "|---|---|"]
    return "\n".join([*titles, *_all_rows("column_sources")])


def _all_rows(file: str) -> list[str]:
    """Return the rows of a table in the order of the families."""
    return [row for family in FAMILIES for row in _family_rows(family.name, file)]


def _named_rows(file: str) -> list[str]:
    """Return the rows of the families, with the name of the family in front."""
    return [
        f"| `{family.name}` {row}" for family in FAMILIES for row in _family_rows(family.name, file)
    ]


def _family_rows(family: str, file: str) -> list[str]:
    """Return the rows of a table that are in the folder of a family's tests."""
    path = ROOT / f"tests/families/{family}/{file}.md"
    return path.read_text("utf-8").splitlines() if path.exists() else []


def columns_table() -> str:
    """Return the known columns of the built-in streams, each with its type and meaning."""
    return "\n\n".join(_columns(name, where, columns) for name, where, columns in _known())


def _known() -> Iterator[tuple[str, str, Sequence[Column]]]:
    for family in FAMILIES:
        yield from getattr(_stream_docs(family.name), "COLUMNS", ())
    tap = TapCXone(validate_config=False)
    declared: dict[str, str] = {}
    for family in FAMILIES:
        declared |= getattr(_stream_docs(family.name), "DECLARED", {})
    declared["quarantine"] = "the tap, of rows that failed validation"
    declared["extraction_log"] = "the tap, of committed windows"
    for name, where in declared.items():
        yield name, where, _declared(tap.streams[name].schema["properties"])


def _declared(properties: dict[str, Any]) -> list[Column]:
    kinds = {n: p.get("format", _setting_type(p)) for n, p in properties.items()}
    return [Column(n, kinds[n], p.get("description", "")) for n, p in properties.items()]


def _columns(name: str, where: str, columns: Sequence[Column]) -> str:
    rows = [f"| `{c.name}` | {c.type} | {c.description} |" for c in columns]
    titles = ["| column | type | meaning |", "|---|---|---|"]
    return "\n".join([f"## `{name}`", "", f"From {where}.", "", *titles, *rows])


def audit_table() -> str:
    """Return the table of what the audit log holds."""
    common = [f"| every line | `{name}` | {meaning} |" for name, meaning in COMMON_FIELDS.items()]
    events = [
        f"| `{event}` | {', '.join(f'`{fact}`' for fact in facts)} | {meaning} |"
        for event, (meaning, facts) in EVENTS.items()
    ]
    return "\n".join(["| event | fields | meaning |", "|---|---|---|", *common, *events])


def speed() -> str:
    """Return what was last measured, as docs/speed.md states it."""
    found = json.loads(RESULTS.read_text())
    starts = [f"`{option}` {start['ratio']:.2f}" for option, start in _measured(found["starting"])]
    year, memory = found["waiting"], found["memory"]
    least, plain = (
        year[f"of the least, {how}"]["median"]
        for how in ("with parallel families", "without parallel families")
    )
    few, many = ([form["MB"][place] for _, form in _measured(memory)] for place in (0, 1))
    said = (
        f"- Starting, beside a tap that is nothing but the SDK: {', '.join(starts)} times as long.",
        f"- {year['days']} days of all families take {least:.2f} times the least that the API's "
        f"jobs and limits allow; {plain:.2f} times with `parallel_families: false`. The clock went "
        f"{year['clock, times as fast']} times as fast, so that the tap's own time counts as "
        "often.",
        f"- The peak of memory is {min(few)} to {max(few)} MB at {memory['rows'][0]:,} rows and "
        f"{min(many)} to {max(many)} MB at {memory['rows'][1]:,}, whatever the format.",
    )
    lines = [textwrap.fill(one, 98, subsequent_indent="  ", break_on_hyphens=False) for one in said]
    return "\n".join([_speed_table(found["rows"]), "", *lines, "", _batch_table(found["batch"])])


def _measured(section: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    about = "machine"
    return [(name, one) for name, one in section.items() if isinstance(one, dict) and name != about]


def _speed_table(found: dict[str, Any]) -> str:
    machine = found["machine"]
    forms = [name for name, form in found.items() if isinstance(form, dict) and "MB" in form]
    on = f"Python {machine['python']}, singer-sdk {machine['singer-sdk']}"
    said = (
        f"{found['rows']:,} rows of {found['columns']} columns, median of {found['runs']} runs and "
        f"spread, then the same in "
        f"time of the processor; {machine['cores']} cores of {machine['architecture']}, {on}:"
    )
    others = ("stock", "stock, msgspec writer", "public hooks", "bare loop")
    rows = [
        f"| {other} | {' | '.join(_times(found[form][other]) for form in forms)} |"
        for other in others
    ]
    titles = f"| as fast as | {' | '.join(forms)} |"
    lines = textwrap.wrap(said, 100, break_on_hyphens=False)
    return "\n".join([*lines, "", titles, "|---|" + "---|" * len(forms), *rows])


def _batch_table(found: dict[str, Any]) -> str:
    said = (
        f"Batch files beside RECORD messages: {found['rows']:,} rows of {found['columns']} columns "
        f"of CSV, median of {found['runs']} runs and spread, then the same in time of the "
        "processor, and the peak of memory. pyarrow alone fetches, parses and writes the file, "
        "without a check or a state:"
    )
    rows = [
        f"| {name} | {_spread(one['times as fast as RECORD'], 2)}; "
        f"{one['in time of the processor']['median']:.2f} | {one['peak MB']} MB |"
        for name, one in _measured(found)
    ]
    lines = textwrap.wrap(said, 100, break_on_hyphens=False)
    return "\n".join([*lines, "", "| | as fast as RECORD | peak |", "|---|---|---|", *rows])


def _spread(found: dict[str, float], digits: int = 1) -> str:
    median, least, most = (f"{found[what]:.{digits}f}" for what in ("median", "least", "most"))
    return f"{median} times ({least} to {most})"


def _times(found: dict[str, Any]) -> str:
    wall, worked = (
        found[f"{what}, times as many as tap-cxone"] for what in ("seconds", "processor seconds")
    )
    return f"{_spread(wall)}; {worked['median']:.1f}"


def meltano_settings() -> str:
    """Return the settings of the extractor in meltano.yml."""
    blocks = (_block(name, schema) for name, schema in settings_schema()["properties"].items())
    return textwrap.indent("\n".join(blocks), " " * 4)


def _block(name: str, schema: dict[str, Any]) -> str:
    lines = [f"- name: {name}", f"  kind: {_kind(schema)}"]
    if "default" in schema:
        lines.append(f"  value: {format_default(schema['default'])}")
    text = textwrap.wrap(schema["description"], 76, break_on_hyphens=False)
    lines += [f"  label: {schema['title']}", "  description: >-", *(f"    {line}" for line in text)]
    if _secret(schema):
        lines.append("  sensitive: true")
    if values := [value for value in schema.get("enum", ()) if value]:
        lines.append("  options:")
        lines += (f"  - label: {value}\n    value: {value}" for value in values)
    return "\n".join(lines)


def _secret(schema: dict[str, Any]) -> bool:
    return schema.get("secret", False) or any(map(_secret, schema.get("properties", {}).values()))


def _kind(schema: dict[str, Any]) -> str:
    if schema.get("enum"):
        return "options"
    if schema.get("format") == "date-time":
        return "date_iso8601"
    # Meltano cannot hand a decimal from the environment on to the tap; it can a text.
    return {"number": "string"}.get(_setting_type(schema), _setting_type(schema))


def about_of_tap() -> dict[str, Any]:
    """Return what `tap-cxone --about --format=json` prints."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        TapCXone.print_about("json")
    return dict(json.loads(printed.getvalue()))


def hub() -> str:
    """Return the plugin's definition for the Meltano Hub, out of `--about`."""
    told = about_of_tap()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    definition = {
        "name": told["name"],
        "variant": "original",
        "label": "NICE CXone",
        "namespace": told["name"].replace("-", "_"),
        "description": told["description"],
        "domain_url": "https://www.nice.com",
        "pip_url": told["name"],
        "executable": told["name"],
        "maintenance_status": "active",
        "keywords": ["meltano_sdk", *project["keywords"]],
        "supported_python_versions": told["supported_python_versions"],
        "capabilities": sorted(told["capabilities"]),
        "settings_group_validation": GROUPS,
        "settings": [_hub_setting(n, s) for n, s in told["settings"]["properties"].items()],
    }
    if repository := project.get("urls", {}).get("Repository"):
        definition["repo"] = repository
    text = yaml.safe_dump(definition, sort_keys=False, allow_unicode=True, width=100)
    return f"# For the Meltano Hub; written by `make docs` out of `tap-cxone --about`.\n{text}"


def _hub_setting(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    setting = {
        "name": name,
        "label": schema["title"],
        "kind": _kind(schema),
        "description": schema["description"],
    }
    if "default" in schema:
        setting["value"] = schema["default"]
    if _secret(schema):
        setting["sensitive"] = True
    if values := [value for value in schema.get("enum", ()) if value]:
        setting["options"] = [{"label": value, "value": value} for value in values]
    return setting


def incomplete_days_block() -> str:
    """Return the query of incomplete days, which a dbt model holds."""
    return f"```sql\n{compile_model('incomplete_days', schema='').strip()};\n```"


_MARK, _COMMENT = "<!-- {} -->", "    # {}: written by `make docs`"
_PARTS: dict[Path, dict[str, Callable[[], str]]] = {
    ROOT / "README.md": {
        "incomplete days": incomplete_days_block,
        "streams": streams_overview,
        "first settings": first_settings_table,
    },
    ROOT / "docs/audit.md": {"audit": audit_table},
    ROOT / "docs/speed.md": {"speed": speed},
    ROOT / "docs/streams.md": {"streams": streams_table},
    ROOT / "docs/state.md": {
        "incomplete days": incomplete_days_block,
        "tenant info": tenant_info_table,
    },
    ROOT / "docs/limits.md": {"limits": limits_table},
    ROOT / "docs/tenant-setup.md": {"requirements": requirements_table},
    ROOT / "docs/promises.md": {"promises": promises_table},
    ROOT / "docs/settings.md": {"settings": settings_table},
    ROOT / "docs/columns.md": {
        "column sources": column_sources_table,
        "evidence": evidence_table,
        "columns": columns_table,
    },
    ROOT / "docs/architecture.md": {"families": families_table},
    ROOT / "docs/plan.md": {"checks": checks_table},
    ROOT / "docs/retries.md": {
        "submits": retries.submit_rule_rows,
        "statuses": retries.status_rows,
    },
    ROOT / "meltano.yml": {"settings": meltano_settings},
    ROOT / "orchestrate/airflow/meltano.yml": {"settings": meltano_settings},
}
"""The generated parts of each file that is partly written here, by the name in their marks."""

DOCUMENTS = (*_PARTS, HUB, SOURCES)


def document(path: Path) -> str:
    """Return one of `DOCUMENTS` as it should be."""
    if path == HUB:
        return hub()
    if path == SOURCES:
        return dbt_sources({n.strip("`"): row for n, *_, row in _documented_streams()})
    mark = _COMMENT if path.suffix == ".yml" else _MARK
    parts = {name: part() for name, part in _PARTS[path].items()}
    return _between(path.read_text(), mark, **parts)


def without_parts(path: Path, text: str) -> str:
    """Return the text of one of `DOCUMENTS` without its generated parts."""
    if path in {HUB, SOURCES}:
        return ""
    mark = _COMMENT if path.suffix == ".yml" else _MARK
    return _between(text, mark, **dict.fromkeys(_PARTS[path], ""))


def _between(text: str, mark: str, **parts: str) -> str:
    for name, part in parts.items():
        begin, end = mark.format(name), mark.format(f"end of {name}")
        pattern = re.compile(f"(?<={re.escape(begin)}\n).*?(?=\n{re.escape(end)})", re.DOTALL)
        text, found = pattern.subn(part.replace("\\", r"\\"), text)
        if found != 1:
            msg = f"{begin!r} … {end!r} stands {found} times, not once"
            raise ValueError(msg)
    return text


if __name__ == "__main__":
    for path in DOCUMENTS:
        path.parent.mkdir(exist_ok=True)
        path.write_text(document(path))
