"""Generated conversations, most of them of bots, as JSON values."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tap_cxone.simulator import fake_values as values
from tap_cxone.simulator.rows import RowSource, View

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from random import Random

    from tap_cxone.simulator.rows import Row

_Value = TypeVar("_Value")

NAME: Final = "bot_conversations"
BOT = View(allowed_values={"type": frozenset({"bot"})})

_TYPES = ("bot",) * 15 + ("voice", "chat", "email")
_ESCALATION_SHARES = {
    "bot-0a17-service": 0.22,
    "bot-0b42-billing": 0.31,
    "bot-0c99-предложения": 0.43,
}
_BOTS = tuple(_ESCALATION_SHARES)
_AGENTS = ("000731", "004210", "118204", "905000")
_CHANNELS = ("webchat", "sms", "whatsapp", "voice")
_INTENTS = (
    "reset_router",
    "billing.past_due",
    "Vertrag kündigen",
    "請求書, 再送",
    'say "agent"',
)
_SOME_INTENTS = ((), *((intent,) for intent in _INTENTS), *permutations(_INTENTS, 2))
_SUMMARIES = (
    "",
    "",
    "The customer asked for an invoice.",
    'Said "agent", three times',
    "First line\nsecond line, with a comma\r\nand a third",
    "Tab\there, back\\slash, </script>",
    "Très bien ! 次回も頼む",
    "Отлично 👍🏽 — спасибо 👨‍👩‍👧",
    "A line\N{LINE SEPARATOR}separator and a \N{ZERO WIDTH NO-BREAK SPACE}mark",
    "[1, 2",
    "N/A",
)
_LONGEST = 180_000  # hundredths of a second
_CALM = 33


def _make_rows(rng: Random, started_at: datetime) -> list[Row]:
    """Return the row of a conversation."""
    hundredths = 100 + int(_LONGEST * rng.random())
    bot = _choose(_BOTS, rng)
    escalated = rng.random() < _ESCALATION_SHARES[bot]
    return [
        {
            "id": values.unique_id(rng),
            "type": _choose(_TYPES, rng),
            "dateFrom": values.instant(started_at),
            "dateTo": values.instant(started_at + timedelta(milliseconds=10 * hundredths)),
            "botId": bot,
            "agentId": _choose(_AGENTS, rng) if escalated and rng.random() < 3 / 4 else None,
            "duration": _seconds(rng, hundredths),
            "channel": _choose(_CHANNELS, rng),
            "escalated": escalated,
            "turns": 1 + int(39 * rng.random()),
            "intents": list(_choose(_SOME_INTENTS, rng)),
            "sentiment": _sentiment(rng),
            "summary": _choose(_SUMMARIES, rng),
        }
    ]


def _choose(choices: Sequence[_Value], rng: Random) -> _Value:
    """Return one of these values; `Random.choice` is four times slower and files are long."""
    return choices[int(len(choices) * rng.random())]


def _seconds(rng: Random, hundredths: int) -> int | Decimal:
    """Return a duration in seconds with varying precision, such as 12.5, 3.10 or 7."""
    digits = _choose((0, 1, 2, 2), rng)
    if not digits:
        return hundredths // 100
    return Decimal(hundredths // 10 ** (2 - digits)).scaleb(-digits)


def _sentiment(rng: Random) -> dict[str, Any] | None:
    """Return the sentiment of a conversation; None for some."""
    score = int(221 * rng.random()) - 120
    if score < -100:  # noqa: PLR2004 - some conversations have no sentiment
        return None
    label = "neutral" if abs(score) < _CALM else "positive" if score > 0 else "negative"
    return {"score": Decimal(score).scaleb(-2), "label": label}


SOURCE: Final = RowSource.from_factory(NAME, _make_rows)
