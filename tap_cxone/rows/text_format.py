"""How the files of a stream write texts: encoding, delimiter, numbers, nulls and dates."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from msgspec import Struct

from tap_cxone.clock import time_zone

if TYPE_CHECKING:
    from datetime import tzinfo

    from tap_cxone.config.types import DateOrder, NullCharacterPolicy, NumberFormat


class TextFormat(Struct, frozen=True):
    """How the files of one stream write texts.

    Attributes:
        encoding: Encoding of the file; empty to detect UTF-8 and UTF-16.
        delimiter: Character between two cells of CSV; empty for a comma, or what the header shows.
        number_format: Decimal and thousands separators of numbers in CSV.
        json_number_format: The same for numbers that JSON has as texts.
        null_values: Cells of CSV that mean null, beside a blank one.
        null_characters: How to treat NUL characters.
        timezone: IANA or Windows name of the zone of dates without an offset.
        date_order: The order of day and month that the user has set; None if it is not set.
        csv_setting: Full path of the setting `csv`, for messages.
        date_order_setting: Full path of the setting `date_order`, for messages.
    """

    encoding: str = ""
    delimiter: str = ""
    number_format: NumberFormat = "1234.5"
    json_number_format: NumberFormat = "1234.5"
    null_values: frozenset[str] = frozenset()
    null_characters: NullCharacterPolicy = "replace"
    timezone: str = "UTC"
    date_order: DateOrder | None = None
    csv_setting: str = "csv"
    date_order_setting: str = "date_order"

    @property
    def zone(self) -> tzinfo:
        """Return the zone of dates without an offset."""
        return UTC if self.timezone == "UTC" else time_zone(self.timezone) or UTC
