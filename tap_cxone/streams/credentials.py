"""Which selected streams can run with the credentials of the settings."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tap_cxone.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_cxone.context import ApiFamily
    from tap_cxone.streams.base import CXoneStream


def require_credentials(
    families: Sequence[ApiFamily], selected: Sequence[CXoneStream], log: logging.Logger
) -> None:
    """Deselect streams of families that are not set up.

    Meltano selects all streams by default, including those that cannot run.

    Raises:
        ConfigError: No family is set up, or no stream remains.
    """
    if not any(family.configured for family in families):
        raise ConfigError(f.setup_hint for f in families if f.grant or not f.off_by_default)
    unconfigured = [stream for stream in selected if not stream.family.configured]
    for stream in unconfigured:
        stream.selected = False
    for family in {stream.family.name: stream.family for stream in unconfigured}.values():
        level = logging.INFO if family.off_by_default else logging.WARNING
        text = "Streams deselected: %s, or deselect them to hide this message"
        log.log(level, text, family.setup_hint)
    if unconfigured and len(unconfigured) == len(selected):
        raise ConfigError(dict.fromkeys(stream.family.setup_hint for stream in unconfigured))
