"""Streams whose windows are days of a time zone, and whose rows sum up a window."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_cxone.clock import is_same_zone
from tap_cxone.errors import ConfigError
from tap_cxone.streams.windowed import WindowedStream

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from tap_cxone.config.model import Settings
    from tap_cxone.windows import Window


class ZonedStream(WindowedStream):
    """A windowed stream that keeps its zone, because days of two zones overlap by hours."""

    @property
    @abstractmethod
    def zone(self) -> ZoneInfo:
        """Return the zone of the days."""

    def require_same_zone(self) -> None:
        """Raise `ConfigError` if windows of other days are committed; for the main thread."""
        previous, zone = self.state_view.zone(), self.zone
        if previous is None or self.state_view.bookmark() is None or is_same_zone(previous, zone):
            return
        problem = (
            f"the days of stream '{self.name}' were those of {previous.key} and are those of "
            f"{zone.key} now, so its windows would overlap by hours; set timezone to "
            f"{previous.key}, or remove the stream from the state and set start_date to the day to "
            "reload from"
        )
        raise ConfigError([problem])

    @property
    @override
    def date_settings(self) -> Settings:
        return self.settings.with_local_dates(self.zone)

    @override
    def commit(self, window: Window) -> None:
        self.state_view.set_zone(self.zone)
        super().commit(window)
