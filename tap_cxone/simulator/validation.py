"""Validation of request bodies, field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

    FieldError = dict[str, str]

_CODES = {
    400: "bad.request",
    401: "unauthorized",
    403: "forbidden",
    404: "not.found",
    409: "conflict",
    429: "too.many.requests",
}


class InvalidRequest(HTTPException):
    """A request that fails validation.

    Attributes:
        errors: The errors, each with its field.
    """

    def __init__(self, errors: list[FieldError]) -> None:
        """Create the exception from the errors of a request."""
        super().__init__(400, "The request has mistakes")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class FieldRule:
    """Condition of a field, with the message if it is not met."""

    is_valid: Callable[[Any], bool]
    message: str


OBJECT = FieldRule(lambda value: isinstance(value, Mapping), "must be an object")
BOOLEAN = FieldRule(lambda value: isinstance(value, bool), "must be a boolean")
TEXT = FieldRule(lambda value: isinstance(value, str) and value.strip() != "", "must be a text")


def _is_zone(value: Any) -> bool:
    """Return True if the value is the name of a time zone."""
    try:
        return isinstance(value, str) and ZoneInfo(value).key == value
    except (KeyError, ValueError, OSError):
        return False


ZONE = FieldRule(_is_zone, "must be an IANA time zone")


def one_of(*allowed: str | None) -> FieldRule:
    """Return the rule of a field with a fixed set of values."""
    names = ", ".join(str(value or "null") for value in allowed)
    return FieldRule(lambda value: value in allowed, f"must be one of {names}")


def optional(rule: FieldRule) -> FieldRule:
    """Return the rule of an optional field."""
    return FieldRule(lambda value: value is None or rule.is_valid(value), rule.message)


def integer(minimum: int, maximum: int | None = None) -> FieldRule:
    """Return the rule of an integer within bounds."""

    def is_valid(value: Any) -> bool:
        in_range = isinstance(value, int) and not isinstance(value, bool) and value >= minimum
        return in_range and (maximum is None or value <= maximum)

    return FieldRule(
        is_valid,
        f"must be an integer of at least {minimum}" + (f", at most {maximum}" * bool(maximum)),
    )


def list_of(rule: FieldRule) -> FieldRule:
    """Return the rule of a list without duplicates whose elements meet `rule`."""

    def is_valid(value: Any) -> bool:
        return (
            isinstance(value, list)
            and all(rule.is_valid(element) for element in value)
            and all(element not in value[:index] for index, element in enumerate(value))
        )

    return FieldRule(is_valid, f"must be a list without repetitions; each {rule.message}")


def validate_fields(
    body: Any, rules: Mapping[str, FieldRule], prefix: str = ""
) -> Iterator[FieldError]:
    """Yield the errors of an object; a missing field counts as null."""
    if not isinstance(body, Mapping):
        body = {}
    for field in sorted(body.keys() - rules.keys()):
        yield field_error(prefix + field, "is unknown")
    for field, rule in rules.items():
        if not rule.is_valid(body.get(field)):
            yield field_error(prefix + field, rule.message)


def field_error(field: str, message: str) -> FieldError:
    """Return an error in the format of the API."""
    return {"field": field, "message": f"{field} {message}"}


def error_response(_: Request, error: HTTPException) -> Response:
    """Return an error response in the format of the API."""
    body: dict[str, Any] = {"code": _CODES[error.status_code], "message": error.detail}
    if body["code"] == "bad.request":
        body["errors"] = error.errors if isinstance(error, InvalidRequest) else []
    return JSONResponse(body, error.status_code, error.headers)
