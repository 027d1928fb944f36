"""What tests of the core expect of each family, from the folder of the family's tests."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from tap_cxone.families.registry import FAMILIES
from tap_cxone.simulator.registry import FAMILIES as SIMULATED_FAMILIES

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator
    from tap_cxone.simulator.tokens import TokenStore
    from tests.support.family_facts import FamilyFacts

FACTS: dict[str, FamilyFacts] = {
    family.name: import_module(f"tests.families.{family.name}.facts").FACTS for family in FAMILIES
}
_TOKEN_PATHS = {family.name: family.token_path for family in SIMULATED_FAMILIES}


def token_path(family: str) -> str:
    """Return the path of the login of a family with an application, if it uses one."""
    return _TOKEN_PATHS[FACTS[family].login_with or family]


def token_store(sim: Simulator, family: str) -> TokenStore:
    """Return the tokens that the simulated family accepts."""
    store: TokenStore = getattr(sim.backend, FACTS[family].token_store)
    return store
