"""Estimate the size of a packed STATE, before the streams of a run have written theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.streams.family_stream import FamilyStream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk import Stream

    from tap_cxone.streams.schema import Declaration

_STREAM = 190  # usual characters of one stream
DIGEST_SIZE = 3
"""Characters of the digest of one requested title, at most on average."""


def expected_size(streams: Iterable[Stream]) -> int:
    """Return about how many characters the packed STATE of the selected streams has."""
    selected = [stream for stream in streams if stream.selected]
    declarations = (s.declaration for s in selected if isinstance(s, FamilyStream))
    return _STREAM * len(selected) + DIGEST_SIZE * sum(map(_digest_count, declarations))


def _digest_count(declaration: Declaration) -> int:
    """Return the number of digests of a stream: none if its requested titles are too many."""
    requested = sum(column.requested for column in declaration.columns)
    return requested if requested <= declaration.max_digests else 0
