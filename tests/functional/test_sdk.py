"""What the SDK asks of a tap, and what this tap asks of the SDK."""

from __future__ import annotations

import ast
import atexit
import inspect
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk import Stream, Tap
from singer_sdk.mapper import PluginMapper
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from tap_cxone.simulator import Options, Simulator, tap_settings
from tap_cxone.simulator.settings import ALL_FAMILIES
from tap_cxone.tap import TapCXone
from tests.conftest import settings_for
from tests.docs.document import ROOT
from tests.support.examples import csv_jobs, json_jobs, paged_rows, quota_jobs
from tests.support.ids import readable
from tests.support.run import run_tap, select, whole_catalog

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.run import FakeClock, Output

STREAM = "qm_workflows"

# The SDK's factory runs while this module is imported: the simulator must be there by then.
SPEED = 2000
SIMULATOR = Simulator(
    Options(speed=SPEED, link_seconds=30 * SPEED, rows_per_day=8, exports_per_day=None)
)
SIMULATOR.__enter__()
atexit.register(SIMULATOR.__exit__, None, None, None)

# An undeclared column is in no catalog, and the SDK's tests compare rows with that.
OWN_COLUMNS = ("Agent 2 Name", "Business Data: Order Number", "Business Data: Region")
RECORDINGS = {
    "name": "recording_interaction_metadata",
    "columns": dict.fromkeys(OWN_COLUMNS, "string"),
}
TODAY = datetime.now(UTC)
TABLES = {
    stream: dict.fromkeys(
        SIMULATOR.expected_rows(path, TODAY - timedelta(days=3), TODAY)[0], "string"
    )
    for stream, path in quota_jobs.PATHS.items()
}
CONVERSATIONS = dict.fromkeys(
    SIMULATOR.expected_rows("bot_conversations", TODAY - timedelta(days=3), TODAY)[0].keys()
    - {"id", "type", "dateFrom", "dateTo", "botId", "agentId", "duration"},
    "string",
)
BY_INTERACTION = {
    "name": "interactions",
    "report": "Interaction/Call",
    "metrics": ["duration"],
    "group_by": ["interactionId"],
}
SETTINGS = tap_settings(SIMULATOR.url, SPEED, families=ALL_FAMILIES)
SDK_CONFIG = {
    **SETTINGS,
    csv_jobs.FAMILY: {**SETTINGS[csv_jobs.FAMILY], "entities": [RECORDINGS]},
    quota_jobs.FAMILY: {"exports_per_day": None, "columns": TABLES},
    json_jobs.FAMILY: {"exports": [{"name": "bot_conversations", "columns": CONVERSATIONS}]},
    paged_rows.FAMILY: {"downloads": [BY_INTERACTION]},
    "start_date": f"{TODAY - timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}",
}

# A column of a small table may be null in each row of a day.
pytestmark = pytest.mark.filterwarnings("ignore:No records were available to test")


def every_stream(config: dict[str, Any]) -> dict[str, Any]:
    """Return a catalog that selects all streams, also those that are off by default."""
    names = [stream["tap_stream_id"] for stream in whole_catalog(config)["streams"]]
    return select(config, *names)


TestTapCXone = get_tap_test_class(
    TapCXone,
    config=SDK_CONFIG,
    suite_config=SuiteConfig(max_records_limit=None, ignore_no_records_for_streams=["quarantine"]),
    catalog=every_stream(SDK_CONFIG),
)


# What the SDK's own tests do not see


@pytest.fixture
def sim(simulate):
    """Return a simulator with few rows."""
    return simulate(rows_per_day=4)


def three_weeks(sim: Simulator, clock: FakeClock, **changes: Any) -> Output:
    """Run every stream over two windows."""
    return run_tap(settings_for(sim, **changes), clock=clock)


def test_record_keys_are_unique(sim, clock):
    """No key is emitted twice in one run."""
    out = three_weeks(sim, clock)

    keys = {message["stream"]: message["key_properties"] for message in out.of("SCHEMA")}
    assert len(keys.pop("quarantine")) == 1
    assert len(keys) == 3
    for stream, names in keys.items():
        found = [tuple(record[name] for name in names) for record in out.records(stream)]
        assert len(found) > 70
        assert len(set(found)) == len(found)


def test_keys_are_never_null(sim, clock):
    """Every key is a text."""
    out = three_weeks(sim, clock)

    keys = {message["stream"]: message["key_properties"] for message in out.of("SCHEMA")}
    for stream, names in keys.items():
        for record in out.records(stream):
            assert all(isinstance(record[name], str) for name in names)


def test_no_progress_that_cannot_be_resumed(sim, clock):
    """No state, neither the last nor one in between, has progress markers."""
    out = three_weeks(sim, clock)

    assert out.states
    for state in out.states:
        assert not [s for s in state["bookmarks"].values() if "progress_markers" in s]


@pytest.mark.promise("state-follows-records")
def test_killed_run_has_no_progress(sim, clock):
    """Nor has the last state of a run that was killed inside a window."""
    out = run_tap(settings_for(sim), clock=clock, cut_after=40)

    assert out.records("qm_questions")
    assert "progress_markers" not in str(out.states)


def test_no_signpost(sim, clock):
    """The SDK's signpost is in no state: the horizon bounds the bookmark already."""
    out = three_weeks(sim, clock)

    assert "signpost" not in str(out.states)


# Private parts that this tap relies on


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("_increment_stream_state", ["self", "latest_record", "context"]),
        ("_write_schema_message", ["self"]),
        ("_write_record_message", ["self", "record"]),
        ("log_sync_costs", ["self"]),
        ("get_replication_key_signpost", ["self", "context"]),
    ],
    ids=readable,
)
def test_methods_of_the_stream(name, parameters):
    """The SDK's streams have these methods with these parameters."""
    assert list(inspect.signature(getattr(Stream, name)).parameters) == parameters


def test_sdk_passes_the_context_by_name():
    """The SDK passes the context of `_increment_stream_state` by name."""
    signature = inspect.signature(Stream._increment_stream_state)

    assert signature.parameters["context"].kind is inspect.Parameter.KEYWORD_ONLY


def test_register_raw_stream_schema():
    """The SDK's mapper takes a new schema of a stream with these parameters."""
    signature = inspect.signature(PluginMapper.register_raw_stream_schema)

    assert list(signature.parameters) == ["self", "stream_name", "schema", "key_properties"]


def test_sdk_record_has_the_stream_version(config):
    """The SDK writes `_stream_version` as the version of a RECORD message."""
    tap = TapCXone(config=config)

    assert tap.streams[STREAM]._stream_version is None
    assert "version=self._stream_version" in inspect.getsource(Stream)


def test_private_parts_of_the_sdk_are_used_in_one_module_only():
    """Of the modules on the SDK only `streams/base.py` names its private parts, each documented."""
    private = {name for kind in (Stream, Tap, PluginMapper) for name in _private_names(kind)}
    package = ROOT / "tap_cxone"
    on_the_sdk = [package / "tap.py", *package.glob("streams/*.py"), *package.glob("cli/*.py")]
    on_the_sdk += package.glob("families/*/streams.py")
    users = {path.name: used for path in on_the_sdk if (used := _names_in(path) & private)}

    assert set(users) == {"base.py"}, users
    documented = ast.get_docstring(ast.parse((package / "streams/base.py").read_text())) or ""
    assert [name for name in sorted(users["base.py"]) if name not in documented] == []


def _private_names(kind: type) -> set[str]:
    """Return the private attributes that the source of an SDK class sets or defines."""
    names = re.findall(r"self\.(_[a-z]\w*)", inspect.getsource(kind))
    return {name for name in [*names, *vars(kind)] if re.fullmatch(r"_[a-z]\w*", name)}


def _names_in(path: Path) -> set[str]:
    """Return the attributes that a module uses, and the methods that it defines."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    methods = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    return methods | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("name", ["_schema", "_input_schema", "_stream_maps", "_tap"])
def test_attributes_of_the_stream(config, name):
    """The SDK's streams have these attributes, set by the SDK itself."""
    tap = TapCXone(config=config)
    _ = tap.streams[STREAM].stream_maps

    assert name in vars(tap.streams[STREAM])
    assert f"self.{name}" in inspect.getsource(Stream)


def test_sdk_schema_is_what_the_stream_returns(config):
    """`schema` returns `_schema`, so that widening the one widens the other."""
    stream = TapCXone(config=config).streams[STREAM]
    stream._schema = {"type": "object", "properties": {"sentinel": {}}}

    assert list(stream.schema["properties"]) == ["sentinel"]


def test_stream_maps_are_taken_from_the_mapper(config):
    """A stream without `_stream_maps` takes them again from the mapper."""
    tap = TapCXone(config=config)
    stream = tap.streams[STREAM]
    before = stream.stream_maps[0]
    wider = {**stream.schema["properties"], "sentinel": {"type": ["string", "null"]}}

    tap.mapper.register_raw_stream_schema(STREAM, {"properties": wider}, stream.primary_keys)
    stream._stream_maps = None

    assert stream.stream_maps[0] is not before
    assert "sentinel" in stream.stream_maps[0].transformed_schema["properties"]


@pytest.mark.promise("state-follows-records")
def test_one_flag_decides_about_state(config):
    """A STATE is written when `is_flushed` is false, and not when it is true."""
    source = inspect.getsource(Stream._write_state_message)

    assert "state_manager.is_flushed" in source
    assert hasattr(TapCXone(config=config).streams[STREAM].state_manager, "is_flushed")


def test_rows_never_move_bookmarks(config):
    """The SDK's own move of the bookmark, per row, is switched off."""
    stream = TapCXone(config=config).streams[STREAM]

    stream._increment_stream_state({"_window_end": "2026-03-20T00:00:00+00:00"})

    assert "replication_key_value" not in stream.stream_state


@pytest.mark.parametrize("name", [STREAM, "quarantine"])
def test_sdk_batches_are_off(config, name):
    """The SDK asks each stream for its batches' settings, and gets none, whatever was set."""
    place = {"encoding": {"format": "jsonl"}, "storage": {"root": "rows"}}
    tap = TapCXone(config=config | {"batch_config": place})

    assert "self.get_batch_config(self.config)" in inspect.getsource(Stream.sync)
    assert tap.streams[name].get_batch_config(tap.config) is None


# Stream maps

MORE = {"qm-workflows": ("Mood of the Day",)}


def mapped(simulate: Any, clock: FakeClock, maps: dict[str, Any]) -> Output:
    """Run one stream whose files have a new column, through stream maps."""
    config = settings_for(
        simulate(extra_columns=MORE),
        start_date="2026-03-18T00:00:00Z",
        end_date="2026-03-19T00:00:00Z",
        stream_maps=maps,
    )
    return run_tap(config, clock=clock, only=STREAM)


def test_stream_maps_with_a_new_column(simulate, clock):
    """Mapped columns stay mapped when a new column comes, and the new one is there too."""
    maps = {STREAM: {"shouted": "str(team_name).upper()", "phone_number": None}}

    out = mapped(simulate, clock, maps)

    schema = out.of("SCHEMA")[-1]["schema"]["properties"]
    assert out.error is None
    assert {"shouted", "mood_of_the_day"} <= schema.keys()
    assert "phone_number" not in schema
    assert len(out.records(STREAM)) == 12
    for record in out.records(STREAM):
        assert record.keys() == schema.keys()
        assert record["shouted"] == record["team_name"].upper()


@pytest.mark.ci
def test_stream_maps_that_hash(simulate, clock):
    """What a map hides stays hidden in every row, new column or not."""
    maps = {STREAM: {"phone_number": "md5(phone_number)"}}

    out = mapped(simulate, clock, maps)

    assert len(out.records(STREAM)) == 12
    assert all(len(record["phone_number"]) == 32 for record in out.records(STREAM))


def test_stream_maps_with_an_alias(simulate, clock):
    """A renamed stream gets the new column under its new name."""
    out = mapped(simulate, clock, {STREAM: {"__alias__": "evaluations"}})

    assert out.error is None
    assert {message["stream"] for message in out.of("SCHEMA")} == {"evaluations"}
    assert "mood_of_the_day" in out.of("SCHEMA")[-1]["schema"]["properties"]
    assert all("mood_of_the_day" in record for record in out.records("evaluations"))


def test_stream_maps_that_keep_named_columns_only(simulate, clock):
    """Where a map names all that is kept, a new column stays out."""
    maps = {STREAM: {"workflow_id": "workflow_id", "__else__": None}}

    out = mapped(simulate, clock, maps)

    assert out.error is None
    assert {tuple(record) for record in out.records(STREAM)} == {("workflow_id",)}


def test_stream_maps_that_drop_the_stream(simulate, clock):
    """A stream that a map drops writes no rows, and its bookmark moves."""
    out = mapped(simulate, clock, {STREAM: None})

    assert out.error is None
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) == "2026-03-19T00:00:00+00:00"


def test_stream_map_filter_commits_the_window(simulate, clock):
    """Rows that a map filters out are not emitted, and the window is committed all the same."""
    out = mapped(simulate, clock, {STREAM: {"__filter__": "score > 20"}})

    scores = [record["score"] for record in out.records(STREAM)]
    assert out.error is None
    assert scores
    assert min(scores) > 20
    assert out.bookmark(STREAM) == "2026-03-19T00:00:00+00:00"
