"""Titles of the key and of `columns` that differ only in case and blanks."""

from __future__ import annotations

import pytest

from tests.support.payroll import PAYROLL, column_values


@pytest.mark.parametrize("key", ["Contact ID", "contact id"])
def test_key_beside_a_declared_title_of_its_spelling_loses_no_row(payroll, key):
    """The column of the key is found by its own title first."""
    kinds = {"ContactID": "string"}

    out = payroll.run(f"{key},ContactID\na,x\nb,x\n", primary_keys=[key], columns=kinds)

    assert len(out.records(PAYROLL)) == 2


@pytest.mark.parametrize("key", ["Record ID", "record_id", "RECORD ID"])
def test_key_is_found_although_another_spelling_is_declared(payroll, key):
    """The declared type counts for the only title of that spelling."""
    out = payroll.run(
        "Record ID,A\n1,x\n2,x\n", primary_keys=[key], columns={"Record Id": "integer"}
    )

    assert column_values(out, "record_id") == [1, 2]


@pytest.mark.parametrize(
    "kinds",
    [{"Skill": "integer", "SKILL": "string"}, {"SKILL": "string", "Skill": "integer"}],
    ids=["capitalised first", "capitals first"],
)
def test_declared_titles_of_one_spelling_each_keep_their_type(payroll, kinds):
    """Both types are in the SCHEMA, and a value of either is valid."""
    out = payroll.run("Record ID,Skill,SKILL\na,1,x\n", columns=kinds)

    (record,) = out.records(PAYROLL)
    assert {1, "x"} <= set(record.values())
