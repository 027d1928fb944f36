"""The workflows of `.github`."""

from __future__ import annotations

import re

import pytest

from tests.docs.document import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_action_of_a_workflow_is_pinned_by_commit_and_has_its_version(workflow):
    """A tag can be moved, a commit cannot; the comment lets dependabot update both."""
    uses = re.findall(r"uses: (.+)", workflow.read_text("utf-8"))

    assert uses
    assert [u for u in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", u)] == []
