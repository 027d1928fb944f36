"""Messages as lines on standard output."""

from __future__ import annotations

import json

import pytest
from singer_sdk.singerlib import StateMessage

from tap_cxone.output.writer import MessageWriter

STATE = {"bookmarks": {"contacts": {"jobs": [{"id": "1", "link": None}], "version": 1}}}


@pytest.fixture
def state_lines(capfdbinary):
    """Return a function that writes states and returns the lines that left."""

    def write(*states):
        writer = MessageWriter()
        for state in states:
            writer.write_message(StateMessage(value=state))
        return [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]

    return write


def test_state_message_is_encoded_whole_nulls_included(state_lines):
    """A STATE line has the message type and each value of the state."""
    assert state_lines(STATE) == [{"type": "STATE", "value": STATE}]


def test_state_equal_to_the_last_one_is_not_written_again(state_lines):
    """Equal states are one line, even if they are different objects."""
    assert len(state_lines(STATE, json.loads(json.dumps(STATE)))) == 1


def test_state_changed_in_place_is_written_again(capfdbinary):
    """The writer compares what it wrote, not the object, which the tap changes in place."""
    writer = MessageWriter()
    state: dict[str, dict[str, object]] = {"bookmarks": {}}
    writer.write_message(StateMessage(value=state))
    state["bookmarks"]["contacts"] = {}
    writer.write_message(StateMessage(value=state))

    lines = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [line["value"]["bookmarks"] for line in lines] == [{}, {"contacts": {}}]
