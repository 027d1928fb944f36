"""Dimension tables: rows, values of both generations, pages, responses and permissions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap_cxone.errors import StreamsFailed
from tap_cxone.families.reporting.tables import DIMENSIONS
from tap_cxone.simulator.reporting.dimensions import AGENTS
from tests.support.reporting import (
    TABLES,
    listed_as,
    lists_of,
    reporting_settings,
    run_reporting,
)

GENERATIONS = ["new", "old"]


def only_agent(sim, clock, agent: dict[str, Any]) -> dict[str, Any]:
    """Return the record of one agent that the API sends."""
    sim.faults.add(listed_as({"agents": [agent]}), listed_as({"agents": []}))
    out = run_reporting(reporting_settings(sim), clock, "agents")
    assert out.error is None
    (record,) = out.records("agents")
    return record


@pytest.mark.ci
@pytest.mark.parametrize("generation", GENERATIONS)
def test_dimensions_of_a_generation_are_complete(simulate, clock, generation):
    """Every table gives its rows, whether numbers are numbers or texts."""
    sim = simulate(reporting_generation=generation)

    out = run_reporting(reporting_settings(sim, {"page_size": 3}), clock, *TABLES)

    assert out.error is None
    assert dict(out.counts()) == {
        table.name: len(sim.expected_rows(table.path[1:], clock.now(), clock.now()))
        for table in DIMENSIONS
    }


@pytest.mark.parametrize("generation", GENERATIONS)
def test_agent_values_of_a_generation_are_typed(simulate, clock, generation):
    """Thousands separators, `"False"` and IDs as text become numbers and booleans."""
    sim = simulate(reporting_generation=generation)

    records = run_reporting(reporting_settings(sim), clock, "agents").records("agents")

    inactive = records[2]
    assert inactive["agent_id"] == 1003
    assert inactive["is_active"] is False
    assert inactive["agent_total_contact_count"] == 2468
    assert inactive["hourly_cost"] == 21.5
    assert inactive["recording_numbers"] == '[{"number":"+442079460001"}]'


@pytest.mark.ci
@pytest.mark.promise("no-secrets")
def test_api_key_of_an_agent_is_never_emitted(sim, clock):
    """The key of an agent is in no message, whatever its spelling."""
    sim.faults.add(listed_as({"agents": [{"agentId": 1, "APIKEY": "OLD-SPELLING"}]}))
    sim.faults.add(listed_as({"agents": []}))

    outs = [run_reporting(reporting_settings(sim), clock, "agents") for _ in range(2)]

    text = json.dumps([out.messages for out in outs])
    assert outs[1].counts()["agents"] == len(AGENTS)
    assert "SIM-AGENT-API-KEY" not in text
    assert "OLD-SPELLING" not in text


@pytest.mark.promise("no-secrets")
def test_api_key_within_a_field_of_an_agent_is_not_emitted(sim, clock):
    """An object that the tap does not know is JSON text, without keys in it."""
    access = {"name": "a", "api_key": "NESTED-KEY", "old": [{"apiKey": "NESTED-KEY"}]}

    record = only_agent(sim, clock, {"agentId": 1, "access": access})

    assert json.loads(record["access"]) == {"name": "a", "old": [{}]}


def test_list_under_another_spelling_of_its_key_is_read(sim, clock):
    """The key of a list may have other capitals, as fields have."""
    sim.faults.add(listed_as({"Tags": [{"TagId": 5}]}))

    (record,) = run_reporting(reporting_settings(sim), clock, "tags").records("tags")

    assert record["tag_id"] == 5


def test_list_that_the_version_lacks_names_the_setting(sim, clock):
    """A 404 may be due to the version of the path, so the error names both settings of it."""
    sim.faults.add(listed_as({"error": "no such path"}, status=404))

    out = run_reporting(reporting_settings(sim), clock, "tags")

    assert "set reporting.api_version, or reporting.api_versions" in str(out.error)


def test_campaign_names_of_the_older_generation_are_mapped(sim, clock):
    """`campaignId` and `campaignName` fill the columns `id` and `name`."""
    body = {"resultSet": {"campaigns": [{"campaignId": "31", "campaignName": "Service"}]}}
    sim.faults.add(listed_as(body), listed_as({"resultSet": {"campaigns": []}}))

    (record,) = run_reporting(reporting_settings(sim), clock, "campaigns").records("campaigns")

    assert (record["id"], record["name"]) == (31, "Service")


def test_agent_with_names_of_both_generations_has_the_present_value(sim, clock):
    """The present name of a field precedes an alias or another spelling of it."""
    body = {"campaigns": [{"campaignId": 1, "id": 2, "name": "a"}], "totalRecords": 1}
    sim.faults.add(listed_as(body))

    (record,) = run_reporting(reporting_settings(sim), clock, "campaigns").records("campaigns")

    assert record["id"] == 2


def test_unknown_agent_field_becomes_a_column(simulate, clock):
    """A field that the tap does not know is emitted as a text."""
    sim = simulate(extra_columns={"agents": ("favouriteColour",)})

    records = run_reporting(reporting_settings(sim), clock, "agents").records("agents")

    assert {record["favourite_colour"] for record in records} == {"new"}


def test_text_that_is_no_number_keeps_its_commas(sim, clock):
    """Only numeric columns lose thousands separators."""
    record = only_agent(sim, clock, {"agentId": "1,001", "custom1": "1,001"})

    assert (record["agent_id"], record["custom1"]) == (1001, "1,001")


def test_empty_table_gives_no_row(simulate, clock):
    """204 without a body means no rows, and the stream succeeds."""
    sim = simulate(rows_of={"tags": 0, "agents": 0})

    out = run_reporting(reporting_settings(sim), clock, "agents", "tags")

    assert out.error is None
    assert out.counts() == {}
    assert [seen.status for seen in lists_of(sim, "/agents")] == [204]


@pytest.mark.parametrize(
    ("body", "ends"),
    [
        (None, "fails"),
        ({}, "fails"),
        ({"agents": [5]}, "fails"),
        ({"agents": None, "totalRecords": 2}, "fails"),
        ({"totalRecords": 0}, "ends"),
        ({"agents": None}, "ends"),
    ],
    ids=["null", "empty", "number", "null of two", "no rows announced", "null list"],
)
def test_agents_without_a_list_fail_unless_none_is_announced(sim, clock, body, ends):
    """A response without a list is no empty table, unless the API says so."""
    sim.faults.add(listed_as(body))

    out = run_reporting(reporting_settings(sim), clock, "agents")

    assert out.counts() == {}
    assert isinstance(out.error, StreamsFailed) == (ends == "fails")
    assert out.error is None or "reporting.api_version" in str(out.error)


def test_pages_shorter_than_requested_are_all_read(simulate, clock):
    """A server that sends fewer rows than `top` is read to the announced total."""
    sim = simulate(max_page_rows=4)

    out = run_reporting(reporting_settings(sim), clock, "agents")

    assert out.counts()["agents"] == len(AGENTS)
    assert [seen.query["skip"] for seen in lists_of(sim, "/agents")] == ["0", "4", "8"]


def test_pages_without_a_total_are_read_until_one_is_empty(simulate, clock):
    """A list that announces no total ends with a page without rows."""
    sim = simulate(reporting_total="absent")

    out = run_reporting(reporting_settings(sim, {"page_size": 6}), clock, "agents")

    assert out.counts()["agents"] == len(AGENTS)
    assert [seen.query["skip"] for seen in lists_of(sim, "/agents")] == ["0", "6", "10"]


def test_total_of_a_page_does_not_end_the_list(simulate, clock):
    """A total that equals a full page may be that of the page, so the list is read on."""
    sim = simulate(reporting_total="page")

    out = run_reporting(reporting_settings(sim, {"page_size": 4}), clock, "agents")

    assert out.counts()["agents"] == len(AGENTS)


def test_agent_deleted_while_paging_leads_to_another_reading(sim, clock):
    """A list that ends before its announced total is read once more."""
    rows = [{"agentId": number} for number in (1, 2, 3)]
    pages = [{"agents": rows[:2], "totalRecords": 3}, {"agents": [], "totalRecords": None}]
    sim.faults.add(*map(listed_as, pages), listed_as({"agents": rows[:2], "totalRecords": 2}))
    sim.faults.add(listed_as({"agents": []}))

    out = run_reporting(reporting_settings(sim, {"page_size": 2}), clock, "agents")

    assert out.error is None
    assert out.counts()["agents"] == 2


@pytest.mark.ci
@pytest.mark.parametrize(
    ("hidden", "problem"), [(1, ""), (0, "received 2 of 3 announced rows")], ids=["hidden", "lost"]
)
def test_agents_that_are_announced_and_missing_fail_unless_they_are_hidden(
    sim, clock, hidden, problem
):
    """A role may hide agents, which the total counts; any other missing row is an error."""
    body = {"agents": [{"agentId": 1}, {"agentId": 2}], "totalRecords": 3, "hiddenAgents": hidden}
    sim.faults.add(*[listed_as(body), listed_as({"agents": []})] * 3)

    out = run_reporting(reporting_settings(sim, {"page_size": 2}), clock, "agents")

    assert out.counts() == ({} if problem else {"agents": 2})
    assert problem in str(out.error)


@pytest.mark.parametrize(
    ("total", "size", "problem"),
    [
        ({}, 3, ""),
        ({"totalRecords": 0}, 3, ""),
        ({}, 2, "repeated a page"),
        ({"totalRecords": 5}, 3, "repeated a page"),
    ],
    ids=["short page", "wrong total", "full page", "total"],
)
def test_list_whose_skip_is_ignored_ends_with_its_first_page(sim, clock, total, size, problem):
    """A server without pages repeats its rows; more rows than a page cannot be read so."""
    body = {"agents": [{"agentId": 1}, {"agentId": 2}], **total}
    sim.faults.add(*[listed_as(body)] * 9)

    out = run_reporting(reporting_settings(sim, {"page_size": size}), clock, "agents")

    assert len(lists_of(sim, "/agents")) == 2
    assert problem in str(out.error)
    assert out.counts() == ({} if problem else {"agents": 2})


def test_page_that_times_out_is_halved(simulate, clock):
    """After a 408 the page is halved, and the smaller size is kept."""
    sim = simulate(slow_page_rows=3)

    out = run_reporting(reporting_settings(sim, {"page_size": 12}), clock, "agents")

    assert out.counts()["agents"] == len(AGENTS)
    tops = [seen.query["top"] for seen in lists_of(sim, "/agents")]
    assert tops == ["12", "6", "3", "3", "3", "3"]


def test_page_of_one_row_that_times_out_fails(simulate, clock):
    """If even one row takes too long twice, the stream fails and names the setting."""
    sim = simulate(slow_page_rows=0)

    out = run_reporting(reporting_settings(sim, {"page_size": 2}), clock, "agents")

    assert "lower page_size" in str(out.error)
    assert [seen.query["top"] for seen in lists_of(sim, "/agents")] == ["2", "1", "1"]


def test_rows_with_equal_keys_are_kept_once(sim, clock, caplog):
    """A list that really has a key twice is read twice, and ends with a warning."""
    body = {"agents": [{"agentId": 1}, {"agentId": 1}], "totalRecords": 2}
    sim.faults.add(listed_as(body), listed_as(body))

    out = run_reporting(reporting_settings(sim), clock, "agents")

    assert out.error is None
    assert out.counts()["agents"] == 1
    assert "rows with the key of an earlier row were dropped" in caplog.text


@pytest.mark.parametrize("where", ["body", "header"])
def test_error_text_is_shown_wherever_it_is(simulate, clock, where):
    """The text of a refusal is in the error, also if only a header has it."""
    sim = simulate(reporting_errors=where, forbidden=frozenset({"teams"}))

    out = run_reporting(reporting_settings(sim), clock, "teams")

    assert "The security profile does not allow this request" in str(out.error)
    assert "permission to view this data" in str(out.error)


def test_assignments_are_requested_with_the_required_filters(sim, clock):
    """The list of assignments names both filters that the API requires."""
    run_reporting(reporting_settings(sim), clock, "agent_skills")

    (seen,) = lists_of(sim, "/agents/skills")
    assert (seen.query["isAgentActive"], seen.query["isActive"]) == ("true", "true")
