"""Reading a body field by field, as strictly as an API does."""

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

    Mistake = dict[str, str]

_CODES = {
    400: "bad.request",
    401: "unauthorized",
    403: "forbidden",
    404: "not.found",
    409: "conflict",
    429: "too.many.requests",
}


class NotAccepted(HTTPException):
    """A request with mistakes.

    Attributes:
        mistakes: Each with the field that it is in.
    """

    def __init__(self, mistakes: list[Mistake]) -> None:
        """Refuse a request for these mistakes."""
        super().__init__(400, "The request has mistakes")
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class Rule:
    """What a field must be."""

    keeps: Callable[[Any], bool]
    saying: str


OBJECT = Rule(lambda given: isinstance(given, Mapping), "must be an object")
BOOLEAN = Rule(lambda given: isinstance(given, bool), "must be a boolean")
TEXT = Rule(lambda given: isinstance(given, str) and given.strip() != "", "must be a text")


def _is_zone(given: Any) -> bool:
    """Return whether this names a time zone."""
    try:
        return isinstance(given, str) and ZoneInfo(given).key == given
    except (KeyError, ValueError, OSError):
        return False


ZONE = Rule(_is_zone, "must be an IANA time zone")


def one_of(*known: str | None) -> Rule:
    """Return the rule of a field that knows a few values."""
    words = ", ".join(str(value or "null") for value in known)
    return Rule(lambda given: given in known, f"must be one of {words}")


def optional(rule: Rule) -> Rule:
    """Return the rule of a field that may be left out."""
    return Rule(lambda given: given is None or rule.keeps(given), rule.saying)


def whole(least: int, most: int | None = None) -> Rule:
    """Return the rule of an integer within bounds."""

    def keeps(given: Any) -> bool:
        fits = isinstance(given, int) and not isinstance(given, bool) and given >= least
        return fits and (most is None or given <= most)

    return Rule(
        keeps, f"must be an integer of at least {least}" + (f", at most {most}" * bool(most))
    )


def list_of(rule: Rule) -> Rule:
    """Return the rule of a list without repetitions, each of whose elements keeps a rule."""

    def keeps(given: Any) -> bool:
        return (
            isinstance(given, list)
            and all(rule.keeps(element) for element in given)
            and all(element not in given[:place] for place, element in enumerate(given))
        )

    return Rule(keeps, f"must be a list without repetitions; each {rule.saying}")


def mistakes(given: Any, rules: Mapping[str, Rule], place: str = "") -> Iterator[Mistake]:
    """Yield what is wrong with an object; a field that is not there counts as null."""
    if not isinstance(given, Mapping):
        given = {}
    for field in sorted(given.keys() - rules.keys()):
        yield mistake(place + field, "is unknown")
    for field, rule in rules.items():
        if not rule.keeps(given.get(field)):
            yield mistake(place + field, rule.saying)


def mistake(field: str, message: str) -> Mistake:
    """Return a mistake as the API writes it."""
    return {"field": field, "message": f"{field} {message}"}


def refusal(_: Request, refused: HTTPException) -> Response:
    """Write a refusal."""
    body: dict[str, Any] = {"code": _CODES[refused.status_code], "message": refused.detail}
    if body["code"] == "bad.request":
        body["errors"] = refused.mistakes if isinstance(refused, NotAccepted) else []
    return JSONResponse(body, refused.status_code, refused.headers)
