"""README and the pages of docs/: their size, links and badges."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.docs.document import PAGES, ROOT

if TYPE_CHECKING:
    from pathlib import Path

MOST_README_LINES = 250
FENCE = re.compile(r"(?ms)^( *)```.*?^\1```$")
DOCS = [page for page in PAGES if page.parent.name == "docs"]


def name_of(page: Path) -> str:
    """Return the path of a page in the project."""
    return page.relative_to(ROOT).as_posix()


@cache
def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return FENCE.sub("", page.read_text("utf-8"))


@cache
def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and the site form them."""
    headings = re.findall(r"(?m)^#+ (.+)$", prose(page))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in headings}


def links(page: Path) -> list[tuple[Path, str]]:
    """Return the target of each link within the project, as file and anchor."""
    found = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    inner = [link.partition("#") for link in found if "://" not in link]
    return [((page.parent / path).resolve() if path else page, anchor) for path, _, anchor in inner]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_link_of_a_page_leads_to_a_file(page):
    """Documents link to files that exist."""
    assert [name_of(target) for target, _ in links(page) if not target.exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_anchor_of_a_link_is_a_heading(page):
    """A link to a section, on this page or on another one, has the anchor of a heading."""
    sections = [(target, anchor) for target, anchor in links(page) if anchor]

    assert [(name_of(t), anchor) for t, anchor in sections if anchor not in anchors(t)] == []


@pytest.mark.parametrize("page", DOCS, ids=name_of)
def test_page_links_only_to_what_the_site_has(page):
    """A link that leaves docs/ would lead nowhere on the site."""
    assert [name_of(target) for target, _ in links(page) if target.parent != ROOT / "docs"] == []


class SiteLoader(yaml.SafeLoader):
    """Reads mkdocs.yml without importing the functions that it names."""


SiteLoader.add_multi_constructor("tag:yaml.org,2002:python/name:", lambda *_: None)


def navigation(entries: list[Any]) -> list[str]:
    """Return the pages of a navigation, those of its sections included."""
    pages = [page for entry in entries for page in entry.values()]
    return [p for one in pages for p in ([one] if isinstance(one, str) else navigation(one))]


def test_site_navigation_has_each_page_once():
    """The site shows every page of docs/."""
    site = yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), SiteLoader)  # noqa: S506 (a safe one)

    assert sorted(navigation(site["nav"])) == sorted(page.name for page in DOCS)


@pytest.mark.parametrize("page", DOCS, ids=name_of)
def test_block_of_code_within_a_list_has_the_indentation_of_the_site(page):
    """The site needs four spaces where GitHub accepts two."""
    indents = [len(found[1]) for found in FENCE.finditer(page.read_text("utf-8"))]

    assert [indent for indent in indents if indent % 4] == []


def test_readme_leads_to_every_page():
    """Each page of docs/ but the site's start page is one click away from the README."""
    targets = {target.name for target, _ in links(ROOT / "README.md")}

    assert {page.name for page in DOCS} - targets == {"index.md"}


def test_readme_has_at_most_250_lines():
    """README is the front door; details are on the pages."""
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= MOST_README_LINES


def test_readme_badges_are_true():
    """The badges have the Pythons and the licence of pyproject.toml, and there are no others."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    classifiers = " ".join(project["classifiers"])
    first, *_, last = re.findall(r"Python :: (3\.\d+)", classifiers)

    badges = re.findall(r"!\[([^\]]+)\]\(https://", (ROOT / "README.md").read_text("utf-8"))

    assert badges == [f"Python {first} to {last}", f"Licence {project['license']}"]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_diagram_of_a_page_has_no_semicolon(page):
    """Mermaid ends a statement at a semicolon, so a sentence with one draws no diagram at all."""
    diagrams = re.findall(r"(?ms)^```mermaid\n(.*?)^```", page.read_text("utf-8"))

    assert [line for text in diagrams for line in text.splitlines() if ";" in line] == []
