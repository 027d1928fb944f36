"""The custom metrics that a tenant may publish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from decimal import Decimal

MetricType = Literal["number", "integer", "string", "boolean"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomMetric:
    """What a tenant says of one of its custom metrics.

    Attributes:
        id: What requests and answers call it.
        name: What people call it.
        type: What its values are.
        description: What it tells, if that is said.
        minimum: The least number, if there is one.
        maximum: The greatest number, if there is one.
        enum: The only texts, if not any will do.
    """

    id: str
    name: str
    type: MetricType
    description: str | None = None
    minimum: int | Decimal | None = None
    maximum: int | Decimal | None = None
    enum: tuple[str, ...] = ()


PUBLISHED = (
    CustomMetric(
        id="cm_9f8e7d6c5b4a3210",
        name="Sentiment Confidence Score",
        type="number",
        description="How sure the sentiment is",
        minimum=0,
        maximum=1,
    ),
    CustomMetric(
        id="cm_1a2b3c4d5e6f7890",
        name="Regulatory Flag",
        type="string",
        enum=("COMPLIANCE_PASS", "COMPLIANCE_FAIL", "UNDETERMINED"),
    ),
    CustomMetric(
        id="cm_00aa11bb22cc33dd",
        name="Order Number",
        type="string",
        description="Zeros at the front belong to it",
    ),
    CustomMetric(id="cm_77ee88ff99aa00bb", name="Callback Promised", type="boolean"),
    CustomMetric(id="cm_0123456789abcdef", name="Basket Value", type="number"),
    CustomMetric(
        id="cm_fedcba9876543210", name="Survey Count", type="integer", minimum=0, maximum=100
    ),
)
