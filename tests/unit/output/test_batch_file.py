"""One file of a batch."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cxone.output.background import Background
from tap_cxone.output.batch_file import BatchFile
from tap_cxone.output.json_lines import JsonLines
from tap_cxone.output.storage import Storage
from tests.support.run import FakeClock

if TYPE_CHECKING:
    from tap_cxone.output.batch_file import FileEncoder


class NotedLines(JsonLines):
    """JSON lines that note the encoders they make."""

    encoders: tuple[weakref.ref[FileEncoder], ...] = ()

    @override
    def encoder(self, sink: Any, schema: Any) -> Any:
        """Return an encoder, and note it."""
        made = super().encoder(sink, schema)
        self.encoders += (weakref.ref(made),)
        return made


def test_batch_file_that_is_finished_holds_no_encoder(tmp_path):
    """The compressor of a complete file does not stay in memory until its window is emitted."""
    clock, background = FakeClock(), Background()
    lines = NotedLines(clock, compressed=True)
    file = BatchFile(Storage(str(tmp_path), {}, clock).create("rows"), lines, None, background)
    file.add(lines.of_messages([{"it": 1}], {}))

    file.finish()
    background.wait()

    assert [encoder() for encoder in lines.encoders] == [None]
