"""Whose state it is: the tenant and the login that wrote the state of a family."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_cxone.context import ApiFamily

_SALT = "tap-cxone state owner"
_HASH_LENGTH = 16


class StateOwner(Struct, frozen=True, omit_defaults=True):
    """Owner of the state of one family, as hashes that reveal neither.

    Attributes:
        login: Hash of the host and of the access key ID or client ID.
        tenant: Hash of the host and of the setting `tenant`; empty without the setting.
    """

    login: str
    tenant: str = ""

    @classmethod
    def of_family(cls, family: ApiFamily) -> StateOwner | None:
        """Return the owner that the settings name; None without credentials."""
        if family.grant is None:
            return None
        tenant = family.context.settings.tenant
        return cls(
            login=_digest(family.base_url, "login", family.grant.account()),
            tenant=_digest(family.base_url, "tenant", tenant) if tenant else "",
        )

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> StateOwner:
        """Read an owner from JSON. Raises `TypeError` or `KeyError` if it is none."""
        hashes = (raw["login"], raw.get("tenant", ""))
        if not all(isinstance(digest, str) for digest in hashes):
            raise TypeError(raw)
        return cls(*hashes)

    def to_json(self) -> dict[str, str]:
        """Return the JSON form."""
        return {"login": self.login, **({"tenant": self.tenant} if self.tenant else {})}

    def is_same(self, other: StateOwner) -> bool:
        """Return True if both are one owner: by the tenant if both name it, else by the login.

        An access key is renewed from time to time, and the tenant stays the same.
        """
        if self.tenant and other.tenant:
            return self.tenant == other.tenant
        return self.login == other.login


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps([_SALT, *parts]).encode()).hexdigest()[:_HASH_LENGTH]
