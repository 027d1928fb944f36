"""What a family knows of its tenant, restored from the states of its streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_cxone.streams.state import stream_states

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_cxone.context import ApiFamily


def restore_family(family: ApiFamily, tap_state: Mapping[str, Any]) -> None:
    """Restore submit times and tenant info of a family from the state of all streams."""
    for state in stream_states(tap_state):
        family.rate_limiter.restore(state.submit_times(family.name))
    tenant_info = read_tenant_info(tap_state, family.name)
    family.tenant_info.update(merge_tenant_info(family.tenant_info, tenant_info))


def read_tenant_info(tap_state: Mapping[str, Any], family: str) -> dict[str, Any]:
    """Return the tenant info of a family, merged from the state of all streams."""
    tenant_info: dict[str, Any] = {}
    for state in stream_states(tap_state):
        tenant_info = merge_tenant_info(tenant_info, state.tenant_info(family))
    return tenant_info


def merge_tenant_info(base: dict[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tenant info of two streams merged; the newer version of an entry wins."""
    result = dict(base)
    for name, value in other.items():
        old = result.get(name)
        if not isinstance(old, dict) or not isinstance(value, dict):
            result[name] = value
        elif "version" in old:
            result[name] = max(old, value, key=_version)
        else:
            result[name] = old | value
    return result


def _version(entry: Mapping[str, Any]) -> int:
    version = entry.get("version")
    return version if isinstance(version, int) else 0
