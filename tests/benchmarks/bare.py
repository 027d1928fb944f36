"""A tap that does nothing but be one: what the SDK itself takes to start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Stream, Tap
from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Iterator


class OneStream(Stream):
    """A stream without a row."""

    name = "one"
    schema: ClassVar[dict[str, Any]] = th.PropertiesList(th.Property("id", th.StringType)).to_dict()

    def get_records(self, context: Any) -> Iterator[dict[str, Any]]:  # noqa: ARG002 (the SDK's)
        """Yield nothing."""
        yield from ()


class BareTap(Tap):
    """A tap with one setting and one stream."""

    name = "tap-bare"
    config_jsonschema: ClassVar[dict[str, Any]] = OneStream.schema

    def discover_streams(self) -> list[OneStream]:
        """Return the one."""
        return [OneStream(self)]


if __name__ == "__main__":
    BareTap.cli()
