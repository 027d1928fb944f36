"""The cases of all families, each from the folder of the family's tests, and all in one run."""

from __future__ import annotations

from importlib import import_module

from tap_cxone.families.registry import FAMILIES
from tests.support.kill_cases import Case

_BY_FAMILY: list[tuple[Case, ...]] = [
    import_module(f"tests.families.{family.name}.kill_cases").CASES for family in FAMILIES
]
CASES = [case for cases in _BY_FAMILY for case in cases]
EVERYTHING = Case.together("everything", [cases[-1] for cases in _BY_FAMILY])
"""All families in one run, each in its last way."""

ALL = (*CASES, EVERYTHING)
