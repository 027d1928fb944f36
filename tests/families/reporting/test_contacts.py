"""Completed contacts: windows by start, changes, rows that move, and the bookmark."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tap_cxone.simulator import Fault
from tests.support.reporting import (
    CONTACTS,
    contact_records,
    listed_as,
    lists_of,
    reporting_settings,
    run_reporting,
)

PATH = "/contacts/completed"
DAY = timedelta(days=1)
FIRST = datetime(2026, 3, 18, tzinfo=UTC)
FIXED: dict[str, Any] = {"end_date": "2026-03-19T00:00:00Z"}


def contact_ids(rows, name="contact_id"):
    """Return the sorted IDs of contacts."""
    return sorted(row[name] for row in rows)


@pytest.mark.parametrize("generation", ["new", "old"])
def test_contacts_of_a_generation_have_the_same_records(simulate, clock, generation):
    """Names and values of both generations become the same typed columns."""
    sim = simulate(reporting_generation=generation)

    out = run_reporting(reporting_settings(sim, **FIXED), clock, CONTACTS)

    wanted = contact_records(sim.expected_rows(CONTACTS, FIRST, FIRST + DAY))
    found = out.records(CONTACTS)
    names = ("contact_id", "acw_seconds", "conference_seconds", "media_type_id", "from_address")
    assert sorted(tuple(row[n] for n in names) for row in found) == sorted(
        tuple(row[n] for n in names) for row in wanted
    )
    assert {type(row["abandoned"]) for row in found} == {bool}


@pytest.mark.ci
def test_contacts_older_than_the_change_history_are_read_by_start(sim, clock):
    """Days before the last 30 are windows of the start date; the rest is read by change."""
    config = reporting_settings(sim, start_date="2026-02-16T00:00:00Z")

    out = run_reporting(config, clock, CONTACTS)

    queries = [seen.query for seen in lists_of(sim, PATH)]
    starts = [query["startDate"] for query in queries if "startDate" in query]
    changes = [query["updatedSince"] for query in queries if "updatedSince" in query]
    assert starts == [f"2026-02-{day}T00:00:00Z" for day in range(16, 19)]
    assert changes == ["2026-02-18T23:00:00.000Z"]
    began = datetime(2026, 2, 16, tzinfo=UTC)
    assert contact_ids(out.records(CONTACTS)) >= contact_ids(
        sim.expected_rows(CONTACTS, began, clock.now()), "contactId"
    )


def test_changes_are_never_requested_beyond_their_history(sim, clock):
    """A lookback does not lead to a request that the API refuses."""
    config = reporting_settings(sim, {"lookback_minutes": 10_000}, start_date="2026-01-01T00:00Z")

    out = run_reporting({**config, "start_date": "2026-02-18T00:00:00Z"}, clock, CONTACTS)

    assert out.error is None
    (changed,) = (seen for seen in lists_of(sim, PATH) if "updatedSince" in seen.query)
    assert changed.query["updatedSince"] == "2026-02-18T13:00:00.000Z"


@pytest.mark.ci
def test_next_run_requests_changes_since_the_bookmark_less_the_lookback(sim, clock):
    """The bookmark is the end of what was read; the next request starts an hour earlier."""
    first = run_reporting(reporting_settings(sim), clock, CONTACTS)
    clock.instant += DAY

    run_reporting(reporting_settings(sim), clock, CONTACTS, state=first.state)

    assert first.bookmark(CONTACTS) == "2026-03-20T11:30:00+00:00"
    assert lists_of(sim, PATH)[-1].query["updatedSince"] == "2026-03-20T10:30:00.000Z"


def test_contact_that_changed_is_read_again(sim, clock):
    """A contact of an earlier window comes again with its new values."""
    first = run_reporting(reporting_settings(sim), clock, CONTACTS)
    row = sim.expected_rows(CONTACTS, FIRST, FIRST + DAY)[0]
    clock.instant += DAY
    sim.contacts.change(row, clock.now(), dispositionNotes="changed later")

    out = run_reporting(reporting_settings(sim), clock, CONTACTS, state=first.state)

    notes = {r["contact_id"]: r["disposition_notes"] for r in out.records(CONTACTS)}
    assert notes[row["contactId"]] == "changed later"


@pytest.mark.parametrize("changes", [FIXED, {}], ids=["by start", "by change"])
def test_contacts_that_move_while_paging_are_emitted_once(simulate, clock, changes):
    """Rows that change after their page was served hide none, and are not doubled."""
    sim = simulate(moving_contacts=3)
    wanted = sim.expected_rows(CONTACTS, FIRST, FIRST + DAY)

    out = run_reporting(reporting_settings(sim, {"page_size": 5}, **changes), clock, CONTACTS)

    found = [row["contact_id"] for row in out.records(CONTACTS)]
    assert out.error is None
    assert len(found) == len(set(found))
    assert set(contact_ids(wanted, "contactId")) <= set(found)


@pytest.mark.ci
@pytest.mark.parametrize("changes", [FIXED, {}], ids=["start", "change"])
def test_page_of_contacts_that_times_out_is_halved(simulate, clock, changes):
    """After a 408 the page of contacts is halved, and every contact is read."""
    sim = simulate(slow_page_rows=3)

    out = run_reporting(reporting_settings(sim, {"page_size": 8}, **changes), clock, CONTACTS)

    wanted = contact_ids(sim.expected_rows(CONTACTS, FIRST, FIRST + DAY), "contactId")
    tops = [seen.query["top"] for seen in lists_of(sim, PATH)]
    assert out.error is None
    assert tops[:4] == ["8", "4", "2", "2"]
    assert set(wanted) <= set(contact_ids(out.records(CONTACTS)))


def test_changes_with_one_instant_are_paged_by_their_number(sim, clock):
    """More changes at one instant than a page holds are all read."""
    rows = sim.expected_rows(CONTACTS, FIRST, FIRST + DAY)
    for row in rows:
        sim.contacts.change(row, clock.now())

    out = run_reporting(reporting_settings(sim, {"page_size": 4}), clock, CONTACTS)

    assert out.error is None
    assert set(contact_ids(rows, "contactId")) <= set(contact_ids(out.records(CONTACTS)))


@pytest.mark.parametrize(
    "options",
    [{"contact_order": "id"}, {"updated_since": "exclusive"}, {"reporting_total": "page"}],
    ids=["order ignored", "instant excluded", "total of a page"],
)
@pytest.mark.parametrize("at_once", [0, 12], ids=["one by one", "at once"])
def test_changes_are_complete_however_the_api_pages_them(simulate, clock, options, at_once):
    """No contact is omitted if the API ignores the order, or excludes the requested instant."""
    sim = simulate(**options)
    rows = sim.expected_rows(CONTACTS, FIRST, FIRST + DAY)
    for row in rows[:at_once]:
        sim.contacts.change(row, clock.now() - timedelta(hours=2))

    out = run_reporting(reporting_settings(sim, {"page_size": 5}), clock, CONTACTS)

    assert out.error is None
    assert set(contact_ids(rows, "contactId")) <= set(contact_ids(out.records(CONTACTS)))


def test_contacts_that_move_in_another_order_are_read_again(simulate, clock):
    """A list that is not in the order of changes, and lacks rows at its end, is read again."""
    sim = simulate(contact_order="id", updated_since="exclusive", moving_contacts=3)
    rows = sim.expected_rows(CONTACTS, FIRST, FIRST + DAY)

    out = run_reporting(reporting_settings(sim, {"page_size": 5}), clock, CONTACTS)

    assert out.error is None
    assert set(contact_ids(rows, "contactId")) <= set(contact_ids(out.records(CONTACTS)))


def test_changes_that_a_later_query_lacks_fail(sim, clock):
    """Fewer changes than the list before announced are no complete list."""
    rows = [{"contactId": n, "lastUpdateTime": f"2026-03-19T00:00:0{n}Z"} for n in (1, 2, 3)]
    first = {"completedContacts": rows[:2], "totalRecords": 9}
    rest = {"completedContacts": rows[2:], "totalRecords": 1}
    end = {"completedContacts": [], "totalRecords": 1}
    sim.faults.add(*map(listed_as, [first, rest, end] * 2))

    out = run_reporting(reporting_settings(sim, {"page_size": 2}), clock, CONTACTS)

    assert "received 1 of 7 announced rows" in str(out.error)
    assert out.counts() == {}


def test_changes_whose_skip_is_ignored_fail(sim, clock):
    """A server that repeats a page of changes for ever ends the stream."""
    contact = {"contactId": 1, "lastUpdateTime": "2019-08-24T14:15:22Z"}
    body = json.dumps({"completedContacts": [contact], "totalRecords": 9})
    headers = (("Content-Type", "application/json"),)
    sim.faults.add(Fault("page", "status", status=200, headers=headers, body=body, times=9))

    out = run_reporting(reporting_settings(sim), clock, CONTACTS)

    assert "the API ignores skip, and repeated a page" in str(out.error)
    assert len(lists_of(sim, PATH)) == 2


def test_bookmark_follows_the_clock_of_the_api(sim, clock):
    """If the API's clock is behind, the bookmark is its poll time."""
    body = (
        '{"completedContacts": [], "totalRecords": 0, "lastPollTime": "2026-03-20T10:00:00.000Z"}'
    )
    headers = (("Content-Type", "application/json"),)
    sim.faults.add(Fault("page", "status", status=200, headers=headers, body=body))

    out = run_reporting(reporting_settings(sim), clock, CONTACTS)

    assert out.bookmark(CONTACTS) == "2026-03-20T10:00:00+00:00"


def test_window_without_contacts_moves_the_bookmark(simulate, clock):
    """204 means no contacts, and the window is committed."""
    sim = simulate(rows_of={CONTACTS: 0})

    out = run_reporting(reporting_settings(sim, **FIXED), clock, CONTACTS)

    assert out.counts() == {}
    assert out.bookmark(CONTACTS) == "2026-03-19T00:00:00+00:00"
