"""The page's filter and its print, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_cxone.report.page import page
from tests.report.browser import chromium
from tests.report.logbook import Logbook, window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page

STREAMS = ("dimension_table", "first_stream", "second_stream")
PAPER = 680  # width in pixels of A4 and Letter between margins of 15 mm


@pytest.fixture(scope="module")
def tab(tmp_path_factory) -> Iterator[Page]:
    """Yield a tab with the page of three streams; only the first has failures."""
    folder = tmp_path_factory.mktemp("report")
    book = Logbook(folder / "audit.jsonl")
    write_three_streams(book)
    path = folder / "report.html"
    path.write_text(page(book.log), encoding="utf-8")
    with chromium() as browser:
        opened = browser.new_page()
        opened.goto(path.as_uri())
        yield opened


def write_three_streams(book: Logbook) -> None:
    """Write a run of two streams with windows and of a table."""
    book.begin(*STREAMS)
    for day, name in enumerate(STREAMS[1:], start=1):
        job = f"{day}a94501d-7f88-41e4-987f-e2edc6210053"
        book.write("job_created", window(day), job, stream=name, latency_ms=0)
        book.later(minutes=day)
        book.write("file_downloaded", window(day), job, stream=name, bytes=1, rows=1, sha256="")
        book.commit(window(day), stream=name, sha256="5e2d" * 16)
    book.commit(None, stream=STREAMS[0])
    book.write("job_failed", window(3), "j" * 36, stream=STREAMS[1], reason="no " + "x" * 300)
    book.write("schema_changed", window(1), stream=STREAMS[1], columns=["sentiment"])
    book.write("window_validated", window(1), stream=STREAMS[1], reasons={"is no number": 1})
    for name in STREAMS:
        book.write("stream_ended", stream=name, outcome="complete", rows=1)
    book.end()


@pytest.fixture
def report(tab: Page) -> Page:
    """Return the page as it is at first, on a wide and dark screen."""
    tab.emulate_media(media="screen", color_scheme="dark")
    tab.set_viewport_size({"width": 1400, "height": 900})
    tab.reload()
    return tab


def choose(tab: Page, stream: str) -> None:
    """Choose a stream in the filter."""
    tab.get_by_label("Show").select_option(label=stream)


def visible(entries: Locator) -> list[str]:
    """Return the texts of the visible ones."""
    return [entry.inner_text() for entry in entries.all() if entry.is_visible()]


@pytest.mark.ci
def test_filter_offers_each_stream_and_all(report):
    """All streams are shown at first."""
    options = report.locator("#filter option").all_inner_texts()

    assert options == ["all streams", "first_stream", "second_stream", "dimension_table"]
    assert len(visible(report.get_by_role("article"))) == 3


@pytest.mark.ci
def test_filter_shows_one_stream_in_each_section(report):
    """Cards, tables and drawings are those of the chosen stream alone."""
    choose(report, "second_stream")

    assert len(visible(report.get_by_role("article"))) == 1
    assert report.get_by_role("article", name="second_stream").is_visible()
    assert len(visible(report.locator("#overview tbody tr"))) == 1
    assert len(visible(report.locator("#longest tbody tr"))) == 1
    assert [bar.is_visible() for bar in report.locator(".timeline g").all()] == [False, True]


@pytest.mark.ci
def test_filter_of_all_streams_shows_everything_again(report):
    """The first choice ends the filter."""
    choose(report, "second_stream")
    choose(report, "all streams")

    assert len(visible(report.get_by_role("article"))) == 3


@pytest.mark.ci
def test_section_without_an_entry_of_the_stream_states_it(report):
    """An empty section is not an omission."""
    choose(report, "second_stream")

    for section in ("failures", "invalid-rows", "new-columns"):
        assert report.locator(f"#{section}").inner_text().endswith("None of this stream.")


@pytest.mark.ci
def test_section_with_an_entry_of_the_stream_shows_it(report):
    """The note is for empty sections only."""
    choose(report, "first_stream")

    assert "sentiment" in report.locator("#new-columns").inner_text()
    assert visible(report.get_by_text("None of this stream.")) == []


@pytest.mark.ci
def test_printed_page_fits_the_paper(report):
    """No table is wider than the paper, even with all details open."""
    report.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    report.emulate_media(media="print")
    report.set_viewport_size({"width": PAPER, "height": 900})

    wide = report.evaluate(
        "width => [...document.querySelectorAll('body *')]"
        ".filter(one => one.getBoundingClientRect().right > width)"
        ".map(one => one.outerHTML.slice(0, 80))",
        PAPER,
    )
    assert wide == []


@pytest.mark.ci
def test_printed_page_is_light(report):
    """In a dark browser too."""
    report.emulate_media(media="print")

    assert report.locator("body").evaluate("one => getComputedStyle(one).backgroundColor") == (
        "rgb(255, 255, 255)"
    )


@pytest.mark.ci
def test_printed_page_shows_the_filter_only_if_it_is_used(report):
    """A print of one stream must not look like one of all."""
    report.emulate_media(media="print")
    assert not report.locator("#filter").is_visible()

    report.emulate_media(media="screen")
    choose(report, "first_stream")
    report.emulate_media(media="print")
    assert report.locator("#filter").is_visible()
