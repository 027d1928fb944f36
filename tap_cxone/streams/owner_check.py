"""Refusal of a state that belongs to another tenant or login."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tap_cxone.errors import StateError
from tap_cxone.streams.state_owner import StateOwner

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tap_cxone.context import ApiFamily
    from tap_cxone.streams.state import StreamState


def require_own_state(
    streams: Sequence[StreamState], families: Iterable[ApiFamily], accepted: Collection[str]
) -> None:
    """Check that the state is that of the tenant and login of the settings.

    The state of a first run that failed, such as at a wrong host, is accepted from any owner.

    Args:
        streams: State of each stream.
        families: Families of the run.
        accepted: Hashes of other owners whose state becomes that of the settings.

    Raises:
        StateError: The state is another owner's.
    """
    foreign: dict[str, list[str]] = {}
    for family in families:
        if owner := StateOwner.of_family(family):
            for stream in streams:
                stored = stream.owner(family.name)
                if stored is None or stream.has_only_failed or owner.is_same(stored):
                    continue
                if not {stored.login, stored.tenant}.intersection(accepted):
                    foreign.setdefault(stored.login, []).append(family.name)
                else:
                    stream.set_owner(family.name, owner)
    if foreign:
        raise StateError(_describe(foreign))


def _describe(foreign: Mapping[str, Iterable[str]]) -> str:
    families = ", ".join(dict.fromkeys(name for names in foreign.values() for name in names))
    return (
        f"The state is that of another tenant, login or host ({families}). Give each tenant a "
        "state of its own: `meltano el --state-id`, or another file of --state. If it is the same "
        "tenant with a new access key or host, set accept_state_of to "
        f"{json.dumps(list(foreign))}"
    )
