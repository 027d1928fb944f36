"""Message writers of the tap."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib import RecordMessage
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk.singerlib.encoding.simple import Message


@dataclass(slots=True)
class RecordSample:
    """The first records of a window, as they leave: after selection and stream maps.

    Attributes:
        most: How many are wanted.
        records: Those so far.
        streams: The names under which they leave.
    """

    max_records: int
    records: list[Any] = field(default_factory=list, repr=False)
    stream_names: frozenset[str] = frozenset()

    def start(self, stream_names: Iterable[str]) -> None:
        """Start anew, for the records of one stream."""
        self.records, self.stream_names = [], frozenset(stream_names)

    def add_message(self, message: object) -> None:
        """Keep a message's record, if it is one that is wanted."""
        if (
            len(self.records) < self.max_records
            and isinstance(message, RecordMessage)
            and message.stream in self.stream_names
        ):
            self.records.append(message.record)


class SamplingWriter(MsgSpecWriter):
    """Writes messages, and shows them to a sample."""

    def __init__(self, sample: RecordSample) -> None:
        """Show messages to `sample`."""
        super().__init__()
        self._sample = sample

    @override
    def write_message(self, message: Message) -> None:
        self._sample.add_message(message)
        super().write_message(message)
