"""Custom metrics that a tenant may publish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from decimal import Decimal

MetricType = Literal["number", "integer", "string", "boolean"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomMetric:
    """Definition of a custom metric.

    Attributes:
        id: The id in requests and responses.
        name: The display name.
        type: The type of its values.
        description: The description, if any.
        minimum: The smallest allowed number, if any.
        maximum: The largest allowed number, if any.
        enum: The allowed strings; empty if any string is allowed.
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
