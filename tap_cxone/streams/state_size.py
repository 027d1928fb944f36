"""Estimate the size of a packed STATE, before the streams of a run have written theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.rows.title_digests import STREAM_ROOM, digest_room
from tap_cxone.streams.family_stream import FamilyStream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk import Stream

    from tap_cxone.streams.schema import Declaration

DIGEST_SIZE = 3
"""Characters of the digest of one requested title, at most on average."""
_STREAM_SIZE = STREAM_ROOM * DIGEST_SIZE


def expected_size(streams: Iterable[Stream]) -> int:
    """Return about how many characters the packed STATE of the selected streams has."""
    selected = [stream for stream in streams if stream.selected]
    declarations = (s.declaration for s in selected if isinstance(s, FamilyStream))
    return _STREAM_SIZE * len(selected) + DIGEST_SIZE * sum(map(_digest_count, declarations))


def _digest_count(declaration: Declaration) -> int:
    """Return the number of digests of a stream: none if its requested titles are too many."""
    room = digest_room(column.exact_title for column in declaration.columns if column.requested)
    return room if room <= declaration.max_digests else 0
