"""Fake values in CSV spelling: people, teams, ids, telephone numbers, remarks."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from datetime import timedelta
    from random import Random

_SECOND = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}"
TO_THE_SECOND = re.compile(rf"{_SECOND}Z")
TO_THE_MILLISECOND = re.compile(rf"{_SECOND}\.\d{{3}}Z")
SECOND_OR_MILLISECOND = re.compile(rf"{_SECOND}(?:\.\d{{3}})?Z")


class Person(NamedTuple):
    """A fake person."""

    first: str
    last: str

    @property
    def name(self) -> str:
        """Return the full name."""
        return f"{self.first} {self.last}"


PEOPLE = (
    Person("Ada", "Quillfeather"),
    Person("Bram", "O'Testerly"),
    Person("Žofie", "Zkušební"),
    Person("Jürgen", "Mustermannß"),
    Person("Олена", "Вигадана"),
    Person("花子", "試験"),
    Person("ليلى", "المثال"),
    Person("Noor-Anne", "van der Voorbeeld, Jr."),
    Person('Tomás "Tom"', "Ejemplo"),
    Person("Δάφνη", "Δοκιμή"),
)
TEAMS = {
    "0007": "Billing, Night",
    "0042": "Υποστήριξη, Ελλάδα",
    "0108": 'Team "North"',
    "1200": "Retention",
}
REMARKS = (
    "",
    "",
    "Friendly and quick",
    "Greeted the caller, but forgot the summary",
    'Said "one moment" three times',
    "First line\nsecond line, with a comma",
    "=1+1 is not a formula",
    "Très bien ! 次回も頼む",
    "N/A",
)


def person(rng: Random) -> Person:
    """Return a random person."""
    return rng.choice(PEOPLE)


def team(rng: Random) -> tuple[str, str]:
    """Return a team's id and name."""
    return rng.choice(list(TEAMS.items()))


def remark(rng: Random) -> str:
    """Return a remark, often empty."""
    return rng.choice(REMARKS)


def unique_id(rng: Random) -> str:
    """Return a unique id."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def digits(rng: Random, count: int) -> str:
    """Return an id of digits with significant leading zeros."""
    return f"{rng.randrange(10**count):0{count}d}"


def phone(rng: Random) -> str:
    """Return a telephone number from the ranges reserved for fiction."""
    return rng.choice(
        [f"+44207946{rng.randrange(1000):04d}", f"+1212555{100 + rng.randrange(100):04d}"]
    )


def boolean(rng: Random) -> str:
    """Return a boolean."""
    return rng.choice(["true", "false"])


def instant(moment: datetime) -> str:
    """Return an instant as text, to the millisecond."""
    return f"{moment.isoformat(timespec='milliseconds')[:23]}Z"


def parse_instant(value: Any, form: re.Pattern[str] = TO_THE_MILLISECOND) -> datetime | None:
    """Return the instant if `value` has the form; else None."""
    try:
        if isinstance(value, str) and form.fullmatch(value):
            return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        pass
    return None


def before(rng: Random, moment: datetime, max_age: timedelta) -> datetime:
    """Return an instant at most `max_age` before `moment`."""
    return moment - rng.random() * max_age


def maybe(rng: Random, text: str, share: float) -> str:
    """Return the text with probability `share`, else an empty string."""
    return text if rng.random() < share else ""


def american(at: datetime) -> str:
    """Return an instant as US Americans write it, to the second and without an offset."""
    return f"{at.month}/{at.day}/{at.year} {at:%I:%M:%S %p}".replace(" 0", " ")
