"""A long STATE: what is packed, what stays readable, and what the next run reads."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from typing import Any
from zlib import compress

import pytest
from singer_sdk.singerlib import StateMessage

from tap_cxone.errors import StateError
from tap_cxone.output.packed_state import (
    MAX_PLAIN_STATE,
    MAX_STATE,
    PACKED_DETAILS,
    PACKED_STREAMS,
    pack_details,
    pack_streams,
)
from tap_cxone.output.writer import MessageWriter
from tap_cxone.streams.state import read_state
from tap_cxone.streams.state_versions import STATE_VERSION

DIMENSIONS = ("interactionId", "agentId", "queueId", "channel", "direction", "campaignId")


def digest(*parts: object) -> str:
    """Return a text that cannot be compressed."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def stream_state(number: int, *, jobs: int = 0) -> dict[str, Any]:
    """Return the state of one of many downloads, each with titles of its own."""
    titles = {name: [f"{name.lower()}"] for name in DIMENSIONS[number % 4 :]}
    titles |= {f"Metric {number % 7} {index}": [f"metric_{index}"] for index in range(number % 9)}
    return {
        "replication_key": "_window_end",
        "replication_key_value": "2026-03-31T04:00:00+00:00",
        "version": STATE_VERSION,
        "history": {"committed": ["2026-03-01T05:00:00Z/2026-03-31T04:00:00Z"]},
        "zone": "America/New_York",
        "columns": titles,
        "column_types": {names[0]: "number" for names in titles.values()},
        "row_meaning": {name: digest(name, number)[:12] for name in ("report", "metrics")},
        "pending_jobs": [
            {
                "id": digest(number, index)[:32],
                "start": f"2026-03-{index + 1:02}T00:00:00+00:00",
                "end": f"2026-03-{index + 2:02}T00:00:00+00:00",
                "submitted_at": f"2026-03-31T04:00:{index:02}.{number * 7919 % 10**6:06}+00:00",
                "fingerprint": digest(number, index)[:16],
            }
            for index in range(jobs)
        ],
    }


def state_of(number: int) -> dict[str, Any]:
    """Return a state of so many streams, one of them with 29 pending jobs."""
    bookmarks = {f"download_{n}": stream_state(n, jobs=0 if n else 29) for n in range(number)}
    return {"bookmarks": bookmarks}


LONG = state_of(60)


def many_streams(number: int) -> dict[str, Any]:
    """Return a state of so many streams, each with a name and settings of its own."""
    bookmarks: dict[str, Any] = {}
    for n in range(number):
        raw = stream_state(0)
        raw["owner"] = {"family": {"login": digest("login")[:16]}}
        raw["row_meaning"] |= {"metrics": digest("metrics", n)[:12]}
        bookmarks[f"calls_of_{digest(n)[:8]}_by_agent"] = raw | {"columns": {}, "column_types": {}}
    return {"bookmarks": bookmarks}


VERY_LONG = many_streams(250)


@pytest.mark.parametrize("number", [20, 60, 90])
def test_state_of_many_streams_with_columns_and_jobs_is_small(number):
    """STATE stays under 20 kB with the column maps of many streams and many pending jobs."""
    state = state_of(number)

    assert len(json.dumps(state)) > MAX_PLAIN_STATE
    assert len(json.dumps(pack_details(state))) < 20_000


def test_long_state_has_its_bookmarks_in_plain_text():
    """The bookmark and the version of each stream stay as they are."""
    bookmarks = pack_details(LONG)["bookmarks"]

    kept = ("replication_key", "replication_key_value", "version")
    plain = {name: {key: raw[key] for key in kept} for name, raw in LONG["bookmarks"].items()}
    assert bookmarks == plain


@pytest.fixture
def packed_lines(capfdbinary):
    """Return a function that writes a state and returns the value of its message."""

    def write(state):
        MessageWriter().write_message(StateMessage(value=state))
        return json.loads(capfdbinary.readouterr().out)["value"]

    return write


def test_short_state_is_written_as_it_is(packed_lines):
    """A state of a few streams is readable as a whole."""
    state = {"bookmarks": {"one": stream_state(1)}}

    assert packed_lines(state) == state


def test_long_state_is_written_packed_and_read_whole(packed_lines):
    """The next run reads what the state of the message had before it was packed."""
    value = packed_lines(LONG)

    assert PACKED_DETAILS in value
    assert read_state(value) == LONG


def test_state_of_very_many_streams_is_written_packed_and_read_whole(packed_lines):
    """If the bookmarks alone are long, they are in the text too."""
    value = packed_lines(VERY_LONG)

    assert len(json.dumps(pack_details(VERY_LONG))) > MAX_STATE
    assert value["bookmarks"] == {}
    assert len(json.dumps(value)) < 20_000
    assert read_state(value) == VERY_LONG


def test_stream_that_was_deleted_from_a_packed_state_begins_anew():
    """Without its object in the bookmarks a stream has no details either."""
    packed = pack_details(LONG)
    del packed["bookmarks"]["download_7"]

    assert "download_7" not in read_state(packed)["bookmarks"]


def merged_states(state: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return two states merged key by key, as a runner does for a part of the streams."""
    result = dict(state)
    for key, value in other.items():
        is_nested = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged_states(result[key], value) if is_nested else value
    return result


def test_packed_state_merged_into_a_plain_one_is_read_from_the_text():
    """Keys that the packed state has no more, such as pending jobs, do not come back."""
    done = stream_state(1)
    before = {**done, "replication_key_value": "2026-03-01T05:00:00+00:00", "failed": True}
    plain, packed = ({"bookmarks": {"one": raw}} for raw in (before, done))

    assert read_state(merged_states(plain, pack_details(packed))) == packed


def test_plain_state_merged_into_a_packed_one_is_read_from_its_keys():
    """A later state that was short enough counts more than the text of an earlier one."""
    later = {**stream_state(2), "replication_key_value": "2026-04-01T04:00:00+00:00"}
    packed = pack_details({"bookmarks": {"one": stream_state(1), "two": stream_state(2)}})

    state = read_state(merged_states(packed, {"bookmarks": {"two": later}}))

    assert state["bookmarks"]["one"] == stream_state(1)
    assert state["bookmarks"]["two"].items() >= later.items()


LATER = {**stream_state(1), "replication_key_value": "2026-04-01T04:00:00+00:00"}


@pytest.mark.parametrize(
    ("before", "after"),
    [(dict, pack_streams), (pack_details, pack_streams), (pack_streams, pack_details)],
    ids=["plain", "details", "streams"],
)
def test_packed_streams_merged_with_another_state_have_the_later_bookmark(before, after):
    """Of two states that a runner merged the one counts whose bookmark is later."""
    earlier, later = ({"bookmarks": {"one": raw}} for raw in (stream_state(1), LATER))

    assert read_state(merged_states(before(earlier), after(later))) == later


def test_bookmark_of_a_packed_state_may_be_edited():
    """A stream whose bookmark was moved by hand keeps its columns."""
    packed = pack_details({"bookmarks": {"one": stream_state(1)}})
    packed["bookmarks"]["one"]["replication_key_value"] = "2026-03-05"

    raw = read_state(packed)["bookmarks"]["one"]

    assert raw == {**stream_state(1), "replication_key_value": "2026-03-05"}


def packed_text(content: bytes) -> str:
    """Return some content as the text of a packed state."""
    return b64encode(compress(content)).decode()


NOT_READABLE = {
    "empty": "",
    "no base64": "no base64",
    "plain": b64encode(b"not compressed").decode(),
    "null": None,
    "number": 7,
    "list": packed_text(b"[1]"),
    "no object": packed_text(b'{"a": 1}'),
    "no JSON": packed_text(b"half"),
}


@pytest.mark.parametrize("key", [PACKED_DETAILS, PACKED_STREAMS])
@pytest.mark.parametrize("text", NOT_READABLE.values(), ids=NOT_READABLE)
def test_packed_state_that_is_not_readable_is_refused(text, key):
    """The message says what is not readable, and what to do."""
    state = {"bookmarks": {"one": {}}, key: text}

    with pytest.raises(StateError, match=r"packed text of the state .* restore an earlier state"):
        read_state(state)
