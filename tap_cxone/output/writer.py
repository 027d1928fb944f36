"""Write Singer messages: a long STATE packed, and records with a sample of them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from singer_sdk.contrib.msgspec import MsgSpecWriter, serialize_jsonl
from singer_sdk.singerlib import RecordMessage, StateMessage
from typing_extensions import override

from tap_cxone.output.packed_state import (
    MAX_PLAIN_STATE,
    MAX_STATE,
    pack_details,
    pack_streams,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from singer_sdk.singerlib.encoding.simple import Message


class RecordSample(Struct):
    """The first records of a window, as emitted: after selection and stream maps.

    Attributes:
        max_records: Maximum number of records.
        records: The records so far.
        stream_names: Names of the stream in the messages.
    """

    max_records: int
    records: list[Any] = field(default_factory=list)
    stream_names: frozenset[str] = frozenset()

    def start(self, stream_names: Iterable[str]) -> None:
        """Clear the sample, and sample messages of these names from now on."""
        self.records, self.stream_names = [], frozenset(stream_names)

    def add_message(self, message: object) -> None:
        """Store the record of a message if its stream matches and the sample is not full."""
        if (
            len(self.records) < self.max_records
            and isinstance(message, RecordMessage)
            and message.stream in self.stream_names
        ):
            self.records.append(message.record)


class MessageWriter(MsgSpecWriter):
    """Writes messages to standard output, and a STATE only if it differs from the last one.

    The SDK copies every part of a STATE, to encode it and to compare it with the next one. This
    takes longer than all other steps of a small window. A long STATE is packed.
    """

    _last_state = b""

    @override
    def serialize_message(self, message: Message) -> bytearray:
        if isinstance(message, StateMessage):
            line = _state_line(message, message.value)
            if len(line) > MAX_PLAIN_STATE:
                line = _state_line(message, pack_details(message.value))
            if len(line) > MAX_STATE:
                line = _state_line(message, pack_streams(message.value))
            return line
        return super().serialize_message(message)

    @override
    def write_message(self, message: Message) -> None:
        if not isinstance(message, StateMessage):
            super().write_message(message)
            return
        line = bytes(self.format_message(message))
        if line != self._last_state:
            self._last_state = line
            sys.stdout.buffer.write(line)
            sys.stdout.flush()


def _state_line(message: StateMessage, value: Mapping[str, Any]) -> bytearray:
    return serialize_jsonl({"type": message.type, "value": value})


class SamplingWriter(MessageWriter):
    """Writes messages, and passes them to a sample."""

    def __init__(self, sample: RecordSample) -> None:
        """Pass every message to `sample`."""
        super().__init__()
        self._sample = sample

    @override
    def write_message(self, message: Message) -> None:
        self._sample.add_message(message)
        super().write_message(message)
