"""The figures of the demo: on the terminal, and as a page in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from demo.answers import Answer, Figure, page
from tests.report.browser import chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

NARROW, WIDE = 360, 1200
TEAMS = Answer(
    "How long does each team handle a contact?",
    "Average handling time.",
    ("team name", "contacts", "average handle time"),
    [
        Figure("Retention", 1234, 750.5, "seconds", 1.0),
        Figure('Team "North" <b>', 56, 375.25, "seconds", 0.5),
    ],
)
WEEKS = Answer(
    "What share of Copilot's suggestions do agents accept?",
    "Share of accepted suggestions.",
    ("week", "suggestions", "acceptance rate"),
    [Figure("2026-09-28", 336, 0.25, "share", 0.25)],
)
BOTS = Answer(
    "What share of conversations does each bot end without an agent?",
    "Share without an agent.",
    ("bot id", "conversations", "containment rate"),
    [Figure("bot-0c99-предложения", 1043, 0.8345, "share", 0.8345)],
)


@pytest.fixture(scope="module")
def figures_tab(tmp_path_factory) -> Iterator[Page]:
    """Yield a tab with the page of three answers."""
    path = tmp_path_factory.mktemp("figures") / "answers.html"
    path.write_text(page([TEAMS, WEEKS, BOTS], "DuckDB"), encoding="utf-8")
    with chromium() as browser:
        opened = browser.new_page()
        opened.goto(path.as_uri())
        yield opened


@pytest.mark.ci
def test_figures_of_an_answer_are_a_table_with_headings(figures_tab):
    """A screen reader finds question, headings of columns and rows, and values; no drawing."""
    region = figures_tab.get_by_role("region", name=TEAMS.question).first

    assert region.get_by_role("columnheader").all_inner_texts() == list(TEAMS.titles)
    assert region.get_by_role("rowheader").all_inner_texts() == ["Retention", 'Team "North" <b>']
    cells = [text for text in region.get_by_role("cell").all_inner_texts() if text]
    assert cells == ["1,234", "12 min 30 s", "56", "6 min 15 s"]
    assert region.get_by_role("img").count() == 0


def test_bars_are_as_long_as_their_values(figures_tab):
    """Half the time is half the length; a share fills that part of its row."""
    lengths = figures_tab.evaluate(
        "[...document.querySelectorAll('.chart')].map(cell => "
        "cell.querySelector('rect').getBoundingClientRect().width"
        " / cell.querySelector('svg').getBoundingClientRect().width)"
    )

    assert lengths == pytest.approx([1, 0.5, 0.25, 0.8345], abs=0.01)


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_page_of_figures_fits_the_window(figures_tab, width):
    """A narrow window needs no scrolling to the side."""
    figures_tab.set_viewport_size({"width": width, "height": 700})

    assert figures_tab.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_bars_are_within_the_window(figures_tab, width):
    """The whole length of each row's bar is seen without scrolling."""
    figures_tab.set_viewport_size({"width": width, "height": 700})

    ends = figures_tab.evaluate(
        "[...document.querySelectorAll('.chart')].map(cell => cell.getBoundingClientRect().right)"
    )
    assert max(ends) <= width


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_date_and_its_figures_are_on_one_line(figures_tab, width):
    """A date that is broken at its hyphens is hard to read."""
    figures_tab.set_viewport_size({"width": width, "height": 700})
    row = figures_tab.get_by_role("row", name="2026-09-28")

    heights = (
        row.get_by_role("cell")
        .or_(row.get_by_role("rowheader"))
        .evaluate_all(
            "cells => cells.slice(0, 3).map(cell => {"
            "const text = document.createRange(); text.selectNodeContents(cell);"
            "return text.getBoundingClientRect().height})"
        )
    )
    assert len(heights) == 3
    assert max(heights) < 30


@pytest.mark.parametrize(("scheme", "paper"), [("light", "255, 255, 255"), ("dark", "20, 23, 27")])
def test_page_of_figures_has_the_colours_of_the_report(figures_tab, scheme, paper):
    """Light and dark are those of the system."""
    figures_tab.emulate_media(color_scheme=scheme)

    colour = figures_tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert colour == f"rgb({paper})"


@pytest.mark.ci
def test_answer_on_the_terminal_has_its_figures_and_bars():
    """The bar of half the value is half as long."""
    console = Console(width=90, record=True, file=None, quiet=False)
    with console.capture() as captured:
        console.print(TEAMS.table())
    lines = captured.get().splitlines()

    (retention,) = (line for line in lines if "Retention" in line)
    (north,) = (line for line in lines if "North" in line)
    assert "12 min 30 s" in retention
    assert retention.count("█") == 2 * north.count("█") > 0
