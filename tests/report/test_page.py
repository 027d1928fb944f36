"""The page of real runs, in a real browser without a network."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tap_cxone.report.log_parser import parse_log
from tap_cxone.report.page import MAX_SHOWN, page
from tap_cxone.simulator import Fault
from tap_cxone.simulator.settings import ALL_FAMILIES, tap_settings
from tests.report.browser import chromium
from tests.report.logbook import march, window
from tests.support.examples import csv_jobs, json_jobs, quota_jobs
from tests.support.run import run_tap, select

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock

HOSTILE = "</title></style><script>document.title='taken'</script><img src='http://evil.test/x'>\"'"
LONG = "x" * 99
GREEN = "rgb(26, 127, 75)"
WIDTHS = (360, 1400)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
GROUND = "body => getComputedStyle(body).backgroundColor"
GROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 27)"}


@pytest.fixture
def two_nights(simulate: Callable[..., Simulator], clock: FakeClock, tmp_path: Path) -> Path:
    """Return the log of two nights: misfits, drift, a quota that is used up, a failed job."""
    sim = simulate(invalid_elements=2, exports_per_day=1)
    path = tmp_path / "audit.jsonl"
    config: dict[str, Any] = {
        **tap_settings(sim.url, families=ALL_FAMILIES),
        "start_date": "2026-03-17T00:00:00Z",
        "audit_log_path": str(path),
        "max_invalid_ratio": 0.5,
        quota_jobs.FAMILY: {"exports_per_day": 1, "window_days": 1},
        json_jobs.FAMILY: {"window_days": 1},
        csv_jobs.FAMILY: {"window_days": 2},
    }
    catalog = select(
        config, json_jobs.STREAM, quota_jobs.KB, "qm_workflows", "report_schedules", "quarantine"
    )
    first = run_tap(config, clock=clock, catalog=catalog)
    clock.instant += timedelta(days=1)
    sim.faults.add(Fault("poll", "job-failed", family=json_jobs.FAMILY, body=HOSTILE + LONG))
    run_tap(config, clock=clock, catalog=catalog, state=first.state)
    return path


def write_page(log: Path, to: Path) -> str:
    """Write the page of a log; return its address."""
    with log.open("rb") as lines:
        to.write_text(page(parse_log(str(log), lines)), encoding="utf-8")
    return to.as_uri()


@pytest.mark.ci
def test_two_nights_in_a_browser(two_nights, tmp_path):
    """Everything is there, at both widths, light and dark; no request is sent to a network."""
    address = write_page(two_nights, tmp_path / "report.html")
    with chromium() as browser:
        tab = browser.new_page(viewport={"width": 1400, "height": 900}, color_scheme="light")
        asked: list[str] = []
        said: list[str] = []
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("console", lambda message: said.append(message.text))
        tab.goto(address)

        _headings(tab)
        _answer(tab)
        _days(tab)
        _check_rows(tab)
        _waits(tab)
        _troubles(tab)
        _fits(tab, tmp_path)
        assert tab.title() == "Extraction report"
        assert tab.locator("script, img, link, iframe").count() == 0
        assert asked == [address]
        assert said == []


def _headings(tab: Page) -> None:
    assert tab.get_by_role("heading", level=1).all_inner_texts() == ["Extraction report"]
    assert tab.get_by_role("heading", level=2).all_inner_texts() == [
        "Is everything up to date?",
        "Streams",
        "Days and rows",
        "Waits for jobs",
        "Failures and early ends",
        "Rows that failed validation",
        "New columns",
        "Runs",
    ]


def _answer(tab: Page) -> None:
    summary = tab.locator("#summary")
    assert summary.locator(".verdict").inner_text() == "✗ No: 2 of 4 streams are not."
    failed, stopped = summary.locator("li").all_inner_texts()
    assert failed.split()[:2] == ["failed", json_jobs.STREAM]
    assert HOSTILE + LONG in failed
    assert stopped.split()[:2] == ["stopped", quota_jobs.KB]
    assert "A run at 2026-03-22 12:01" in stopped


def _card(tab: Page, stream: str) -> Locator:
    return tab.get_by_role("article", name=stream, exact=True)


def _size(shape: Locator) -> tuple[float, float]:
    box = shape.bounding_box()
    assert box is not None
    return box["width"], box["height"]


def _days(tab: Page) -> None:
    cells = _card(tab, "qm_workflows").locator("td[title]")
    titles = cells.evaluate_all("cells => cells.map(cell => cell.title)")
    assert len(titles) == 31
    assert [title.split(",")[0] for title in titles[16:22]] == [
        "2026-03-17: complete",
        "2026-03-18: complete",
        "2026-03-19: complete",
        "2026-03-20: complete",
        "2026-03-21: partial",
        "2026-03-22: not requested",
    ]
    assert cells.nth(16).inner_text().split() == ["17", "✓"]
    assert cells.nth(20).inner_text().split() == ["21", "½"]
    # The style sheet is let in by its digest: a colour shows that it was.
    assert cells.nth(16).evaluate("cell => getComputedStyle(cell).backgroundColor") == GREEN
    quota = _card(tab, quota_jobs.KB).locator("td.complete")
    assert [cell.inner_text().split()[0] for cell in quota.all()] == ["17", "18"]


def _check_rows(tab: Page) -> None:
    bots = _card(tab, json_jobs.STREAM)
    assert _size(bots.locator("rect.aside").first)[1] > 0
    titles = bots.locator(".rows title").all_text_contents()
    assert titles[0] == "2026-03-17Z to 2026-03-18Z: 9 rows, 2 quarantined"
    long = _card(tab, "qm_workflows").locator("g:has(rect.mean) title")
    assert "12 per day on average" in long.all_text_contents()[0]
    assert (
        tab.locator(".cards")
        .get_by_text("A table without windows, read completely 2 times")
        .count()
    )


def _waits(tab: Page) -> None:
    drawings = tab.locator(".timeline")
    assert drawings.locator("h3").all_inner_texts() == [
        json_jobs.FAMILY,
        csv_jobs.FAMILY,
        quota_jobs.FAMILY,
    ]
    for bar in drawings.locator("rect.came, rect.failed").all():
        assert _size(bar)[0] > 0
    assert drawings.first.locator("g:has(rect.failed) title").count() == 1
    assert tab.locator("#longest tbody tr").count() == MAX_SHOWN["waits"]


def _troubles(tab: Page) -> None:
    entries = tab.locator("#failures li").all_inner_texts()
    assert [text for text in entries if "job failed" in text and HOSTILE + LONG in text]
    assert [text for text in entries if "stopped by a quota" in text and "quota" in text]
    assert tab.locator("#invalid-rows tbody tr").first.inner_text().split("\t")[0:2] == [
        json_jobs.STREAM,
        "is not an object",
    ]
    assert "sentiment" in tab.locator("#new-columns").inner_text()
    outcomes = tab.locator("#runs .badge").all_inner_texts()
    _ends(tab)
    assert outcomes == ["failed", "stopped"]


def _ends(tab: Page) -> None:
    details = tab.locator("#runs details")
    assert details.count() == 2
    details.last.locator("summary").click()
    row = details.last.get_by_role("row").filter(has=tab.locator(f"text=/^{quota_jobs.KB}$/"))
    stream, outcome, windows, *_ = row.inner_text().split("\t")
    assert (stream, outcome, windows) == (quota_jobs.KB, "stopped", "1")


def _fits(tab: Page, folder: Path) -> None:
    for width, scheme in product(WIDTHS, SCHEMES):
        tab.emulate_media(color_scheme=scheme)
        tab.set_viewport_size({"width": width, "height": 900})
        assert tab.evaluate("document.documentElement.scrollWidth") == width
        tab.screenshot(path=folder / f"{width}-{scheme}.png", full_page=True)
        assert tab.locator("body").evaluate(GROUND) == GROUNDS[scheme]


def test_nothing_in_a_line_is_html(book):
    """Whatever stands in a line, in any field, is text on the page."""
    book.family = HOSTILE
    book.run = HOSTILE
    book.begin(HOSTILE)
    for event in ("job_failed", "stream_failed", "stream_stopped", "webhook_failed"):
        book.write(event, window(1), HOSTILE, stream=HOSTILE, reason=HOSTILE)
    book.write("job_created", window(1), HOSTILE, stream=HOSTILE, latency_ms=1)
    book.write("job_state", window(1), HOSTILE, stream=HOSTILE, state=HOSTILE)
    book.write("schema_changed", window(1), stream=HOSTILE, columns=[HOSTILE])
    book.write("window_validated", window(1), stream=HOSTILE, reasons={HOSTILE: 1})
    book.write("stream_ended", stream=HOSTILE, outcome=HOSTILE, rows=1)
    book.write("record_invalid", window(1), stream=HOSTILE, field=HOSTILE, reason=HOSTILE)
    book.commit(window(1), stream=HOSTILE)
    book.end(HOSTILE, HOSTILE)
    with book.path.open("a") as file:
        file.write('{"at": "2026-03-20T00:00:00Z", "run": "r", "event": "<script>"}\n')

    text = page(book.log)

    assert text.count("&lt;script&gt;") > 15
    assert "<script" not in text
    assert "<img" not in text
    assert text.count("</style>") == text.count("</title></style>") + 1 == 1


def test_what_is_too_much_is_counted(book):
    """Of very long lists the newest are shown, and how many are not."""
    for number in range(MAX_SHOWN["failures"] + 2):
        book.write("job_failed", job=f"j{number}", reason="no")
    for number in range(MAX_SHOWN["runs"] + 2):  # beside the one above
        book.run = f"run-{number}"
        book.begin("a")
        book.later(days=1)

    text = " ".join(page(book.log).split())

    assert "2 older entries are not shown" in text
    assert "3 older runs are not shown" in text


def test_old_months_are_behind_a_click(book):
    """The two newest months are shown at once, the earlier ones on demand, the oldest counted."""
    book.commit(window(1))
    book.commit(type(window(1))(march(1) - timedelta(days=365 * 4), march(1)))

    text = " ".join(page(book.log).split())

    newest, rest = text.split('<div class="months">')[1:3]
    assert newest.count("<caption>") == 2
    assert rest.split("</details>")[0].count("<caption>") == MAX_SHOWN["months"] - 2
    assert "<summary>34 earlier months</summary>" in newest
    assert "13 months before these are not shown" in rest
