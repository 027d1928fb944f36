"""Rows that a file holds twice are emitted once, in every family."""

from __future__ import annotations

from tests.support.expectations import warnings_logged
from tests.support.rooms import EVERYWHERE, NINE, NINE_LEFT, QUARANTINE


@EVERYWHERE
def test_key_that_repeats_is_emitted_once(sim, clock, caplog, room):
    """Of two rows of one key the first is emitted; what was dropped is counted in a warning."""
    room.serve(sim, *NINE, ("k1", "100"), ("k2", "2"))

    out = room.run(room.settings(sim), clock)

    (warning,) = (w for w in warnings_logged(caplog) if "were dropped" in w)
    assert out.error is None
    assert room.values(out) == NINE_LEFT
    assert "2 rows with the key of an earlier row" in warning
    assert "primary_keys" in warning


@EVERYWHERE
def test_equal_rows_without_a_key(sim, clock, caplog, room):
    """Rows known by their hash are emitted once if they are equal, and say nothing of it."""
    room.serve(sim, *NINE, ("k1", "100"), ("k2", "2"))

    out = room.run(room.settings(sim, **room.keys), clock)

    hashes = [record["_row_hash"] for record in out.records(room.stream)]
    assert out.error is None
    assert room.values(out) == [*NINE_LEFT, ("k1", 100)]
    assert len(set(hashes)) == 10
    assert [w for w in warnings_logged(caplog) if "were dropped" in w] == []


@EVERYWHERE
def test_invalid_row_does_not_hide_a_valid_one_of_its_key(sim, clock, room):
    """A misfit has no key: a valid row of the same key is emitted, whichever comes first."""
    room.serve(sim, ("k0", "abc"), *NINE, ("k1", "abc"), *[(f"n{n}", "1") for n in range(20)])

    out = room.run(room.settings(sim), clock)

    assert out.error is None
    assert room.values(out)[:9] == NINE_LEFT
    assert len(out.records(QUARANTINE)) == 2
