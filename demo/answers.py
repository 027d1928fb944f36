"""Questions of a contact centre, with the answers of a warehouse: on the terminal and as a page.

The questions, the queries and the meaning of the columns are those of the dbt models.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from jinja2 import FileSystemLoader
from rich.table import Table

from demo.models import compile_model, model_properties
from demo.warehouse import SCHEMA
from tap_cxone.report.document import render, template_environment
from tap_cxone.report.formatting import number, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from demo.warehouse import Warehouse

Unit = Literal["seconds", "share"]
_HERE = Path(__file__).parent
_BAR_CHARACTERS = 24


@dataclass(frozen=True)
class Figure:
    """One row of an answer.

    Attributes:
        label: What is compared, such as a team.
        count: Number of rows behind the value.
        value: The value, as `unit` has it.
        unit: `seconds`, or a `share` from 0 to 1.
        part: Length of its bar, from 0 to 1.
    """

    label: str
    count: int
    value: float
    unit: Unit
    part: float

    @property
    def text(self) -> str:
        """Return the value as text."""
        return seconds(self.value) if self.unit == "seconds" else f"{100 * self.value:.1f} %"


@dataclass(frozen=True)
class Answer:
    """A question with its figures.

    Attributes:
        question: The question.
        description: What exactly is counted.
        titles: Titles of label, count and value.
        figures: The figures, by label.
    """

    question: str
    description: str
    titles: tuple[str, ...]
    figures: Sequence[Figure]

    def table(self) -> Table:
        """Return the answer for the terminal."""
        table = Table(title=self.question, title_justify="left", title_style="bold")
        for title, side in zip(self.titles, ("left", "right", "right"), strict=True):
            table.add_column(title, justify=side)  # type: ignore[arg-type]
        table.add_column()
        for one in self.figures:
            table.add_row(
                one.label, number(one.count), one.text, "█" * round(_BAR_CHARACTERS * one.part)
            )
        return table


def answers(warehouse: Warehouse) -> Iterator[Answer]:
    """Yield the answer to each question of the marts."""
    for mart in model_properties():
        meta = mart.get("config", {}).get("meta", {})
        if "question" in meta:
            query = f"select * from ({compile_model(mart['name'], SCHEMA)}) as mart order by 1"  # noqa: S608
            yield Answer(
                meta["question"],
                mart["description"],
                tuple(_title(column["name"]) for column in mart["columns"]),
                _figures(warehouse.ask(query), meta["unit"]),
            )


def _title(column: str) -> str:
    """Return the title of a column; its values have their unit."""
    return column.replace("_seconds", "_time").replace("_", " ")


def _figures(rows: Sequence[tuple[Any, ...]], unit: Unit) -> list[Figure]:
    longest = 1.0 if unit == "share" else max((float(row[2]) for row in rows), default=1.0)
    return [
        Figure(str(label), count, float(value), unit, float(value) / longest)
        for label, count, value in rows
    ]


def page(all_answers: Sequence[Answer], warehouse: str) -> str:
    """Return the answers as an HTML page that loads nothing, in the style of the report."""
    environment = template_environment(FileSystemLoader(_HERE))
    environment.filters["number"] = number
    css = (_HERE / "answers.css").read_text(encoding="utf-8")
    return render(environment, "answers.html", css, answers=all_answers, warehouse=warehouse)
