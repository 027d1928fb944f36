"""The streams whose file a test writes, one of a family."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.facts import FACTS

if TYPE_CHECKING:
    from tests.support.room import Room

ROOMS = [facts.room for facts in FACTS.values() if facts.room is not None]
EVERYWHERE = pytest.mark.parametrize("room", ROOMS, ids=[room.family for room in ROOMS])
NINE = [(f"k{number}", str(number)) for number in range(9)]
NINE_LEFT = [(f"k{number}", number) for number in range(9)]


def room_of(stream: str) -> Room:
    """Return the room of a stream."""
    return next(room for room in ROOMS if room.stream == stream)
