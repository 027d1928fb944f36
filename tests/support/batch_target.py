"""A target that takes batches, as the SDK's targets do: one file of JSON lines a stream.

`python -m tests.support.batch_target --config '{"folder": …}' < messages`
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import msgspec
from singer_sdk import BatchSink, Target
from singer_sdk import typing as th
from typing_extensions import override

_ENCODER = msgspec.json.Encoder(order="sorted", decimal_format="number")


class LinesSink(BatchSink):
    """Appends what it is given, whether it came as RECORD or as BATCH."""

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        lines = (encode(record) + "\n" for record in context["records"])
        with (Path(self.config["folder"]) / f"{self.stream_name}.jsonl").open("a") as file:
            file.writelines(lines)


class LinesTarget(Target):
    """The target."""

    name = "target-lines"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("folder", th.StringType, required=True)
    ).to_dict()
    default_sink_class = LinesSink


def encode(record: dict[str, Any]) -> str:
    """Return a record as one line: instants as texts, numbers with all of their digits."""
    return _ENCODER.encode({name: _plain(value) for name, value in record.items()}).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    # 7.0 of a double is the 7 of a RECORD.
    return int(value) if isinstance(value, float) and value.is_integer() else value


if __name__ == "__main__":
    LinesTarget.cli()
