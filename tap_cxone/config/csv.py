"""The settings of how files write texts, for a family and for one of its streams."""

import io
from collections.abc import Iterator
from typing import Annotated, Self

from msgspec import Meta, structs

from tap_cxone.clock import time_zone, zone_names
from tap_cxone.config.definition import BaseSettings
from tap_cxone.config.messages import did_you_mean
from tap_cxone.config.types import DateOrder, NullCharacterPolicy, NumberFormat

NULL_CHARACTERS = Annotated[
    NullCharacterPolicy | None,
    Meta(
        description="How to treat NUL characters in texts, which PostgreSQL refuses: `replace` "
        "writes U+FFFD in their place, `keep` keeps them, `fail` fails the window. Default: "
        "`replace`."
    ),
]
DATE_ORDER = Annotated[
    DateOrder | None,
    Meta(
        description="Order of dates such as `01/11/2026`: `month_first` or `day_first`. A value "
        "of another order is invalid. Default: what the files show, else `month_first`."
    ),
]
TIMEZONE = Annotated[
    str | None,
    Meta(
        description="Time zone of date-times without an offset, by its IANA or Windows name. "
        "Default: `UTC`."
    ),
]


class CsvSettings(BaseSettings, frozen=True, kw_only=True):
    """How files write texts; None keeps the value of the family, or the default."""

    encoding: Annotated[
        str | None,
        Meta(
            description="Encoding of CSV files, such as `latin-1`. Default: UTF-8 or UTF-16, as "
            "the first bytes show. JSON is always one of these."
        ),
    ] = None
    delimiter: Annotated[
        str | None,
        Meta(
            description="Character between two cells. Default: a comma; or a semicolon, a tab or "
            "a vertical bar if the header has a known column between these only."
        ),
    ] = None
    number_format: Annotated[
        NumberFormat | None,
        Meta(
            description="How numbers are written: `1234.5`, `1,234.5`, `1.234,5`, `1 234,5` or "
            "`1'234.5`. Default: `1234.5`."
        ),
    ] = None
    null_values: Annotated[
        tuple[str, ...] | None,
        Meta(description="Cells that mean null, such as `N/A`, beside blank ones. Default: none."),
    ] = None
    null_characters: NULL_CHARACTERS = None

    def over(self, family: Self) -> Self:
        """Return the settings of a stream, with those of its family where it sets none."""
        own = structs.asdict(self)
        return structs.replace(family, **{name: v for name, v in own.items() if v is not None})

    def problems(self, path: str) -> Iterator[str]:
        """Yield the problems of settings at a path, such as `csv` of a family."""
        if self.encoding is not None and not _is_encoding(self.encoding):
            yield f"{path}.encoding is '{self.encoding}'; write one such as utf-8 or latin-1"
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            yield f"{path}.delimiter must be one character, such as ; and no quote"


def timezone_problems(path: str, timezone: str | None) -> Iterator[str]:
    """Yield the problem of a setting that is no zone; `path` is its full path."""
    if timezone is not None and time_zone(timezone) is None:
        hint = did_you_mean(timezone, zone_names(), "use one such as UTC or America/New_York")
        yield f"{path} is '{timezone}', which is neither an IANA nor a Windows zone; {hint}"


def _is_encoding(name: str) -> bool:
    """Return True if Python knows an encoding of texts by this name."""
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=name)
    except (LookupError, ValueError):
        return False
    return True
