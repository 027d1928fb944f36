"""Base class of the streams whose records other streams emit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import Stream
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record


class AuxiliaryStream(Stream):
    """A stream that yields no records itself; other streams emit records on it."""

    def __init__(self, tap: Tap, schema: dict[str, Any]) -> None:
        """Create the stream; its SCHEMA is emitted before its first record."""
        super().__init__(tap, schema=schema)
        self.schema_written = False

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        return ()

    @override
    def get_batch_config(self, config: object) -> None:
        """Return None: the tap's message writer builds batches from RECORD messages."""
