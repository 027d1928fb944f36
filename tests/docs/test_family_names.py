"""A family is named in its own files and in few other places, each with a reason."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

import pytest

from tap_cxone.families.registry import FAMILIES
from tests.docs.document import DOCUMENTS, ROOT, without_parts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDERS = ("tap_cxone", "tests", "demo", "orchestrate", "transform", "docs", ".github", ".ci")
SUFFIXES = {".py", ".md", ".yml", ".yaml", ".toml", ".sql", ".html", ".css", ".json", ".in", ".txt"}
OWN = (
    "tap_cxone/families/{}/*",
    "tap_cxone/simulator/{}/*",
    "tests/families/{}/*",
    "tests/families/{}/*/*",
    "tests/simulator/{}/*",
    "tests/support/{}.py",
)
"""The files of a family, in which `{}` is its name."""
PLACES = {
    "tap_cxone/families/registry.py": "has one entry for each family",
    "tap_cxone/simulator/registry.py": "has one entry for each simulated family",
    "tests/support/examples.py": "names the families that are examples in tests of the core",
    "orchestrate/airflow/tenants.yml": "is an example of the settings of a user",
    "CHANGELOG.md": "names what changed for the users of a family",
    "docs/audit.md": "has an example of a line of the audit log",
    "docs/CONTRIBUTING.md": "names the setting and the modules of an entity",
    "docs/custom-metrics.md": "is the page on the streams of one family",
    "docs/dates-and-files.md": "has examples of settings",
    "docs/limits.md": "has examples of settings",
    "docs/many-tenants.md": "has an example of settings",
    "docs/messages.md": "names the setting that a message is about",
    "docs/migrating.md": "names the settings that replace those of another tap",
    "docs/plan.md": "has examples of what the command prints",
    "docs/reporting.md": "is the page on the streams of one family",
    "docs/retries.md": "names the exceptions from the common rules",
    "docs/scheduled-reports.md": "is the page on the streams of one family",
    "docs/settings.md": "explains how settings are written, with examples",
    "docs/SECURITY.md": "has one of the names as an English word",
    "docs/state.md": "has an example of a state, and the keys that only some families write",
    "docs/streams.md": "has examples of the settings objects that select a stream",
    "docs/tenant-setup.md": "has examples of what the commands print",
    "docs/architecture.md": "follows one window through the modules of one family",
}
"""Hand-written files that name a family, each with the reason."""
NAMES = "|".join(family.name for family in FAMILIES)
NAMED = re.compile(rf"(?<![\w:-])(?<!/v2/)({NAMES})(_token)?(?![\w-])(?!:\w)(?!\.md)")


def files() -> Iterator[Path]:
    """Yield the text files of the project, without what `make test` and dbt write."""
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in SUFFIXES and not path.is_relative_to(ROOT / "transform/target"):
                yield path
    yield from (path for path in ROOT.glob("[!.]*") if path.suffix in SUFFIXES)


def is_own(path: PurePath) -> bool:
    """Return True if a file belongs to a family."""
    return any(path.match(own.format(family.name)) for family in FAMILIES for own in OWN)


def naming_files() -> set[str]:
    """Return the files that name a family outside of its own files and of generated parts."""
    found = set()
    for path in files():
        text = path.read_text("utf-8")
        if path in DOCUMENTS:
            text = without_parts(path, text)
        relative = PurePath(path.relative_to(ROOT))
        if NAMED.search(text) and not is_own(relative):
            found.add(relative.as_posix())
    return found


def test_families_are_named_in_their_files_and_in_known_places():
    """A further family needs its folders and an entry in each registry; no other file names it."""
    assert naming_files() == PLACES.keys()


@pytest.mark.parametrize(
    "text",
    [
        '{"NAME": {}}',
        "set NAME.window_days",
        "from tests.support import NAME",
        "`NAME_token`",
        "NAME:\n",
    ],
    ids=["key", "setting", "import", "host", "YAML"],
)
def test_family_name_is_recognised(text):
    """The pattern of the test above finds a name wherever a file can have it."""
    assert NAMED.search(text.replace("NAME", FAMILIES[0].name))
