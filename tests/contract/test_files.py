"""Contract of every family: files, or pages, that arrive damaged, late or elsewhere."""

from __future__ import annotations

import pytest

from tap_cxone.simulator import Fault
from tests.contract.scenes import (
    EVERY_SCENE,
    assert_complete,
    assert_nothing_emitted,
    run_scene,
    scenes_that_can,
    scenes_that_cannot,
)
from tests.support.expectations import failure
from tests.support.scene import Ability

DAMAGED = pytest.mark.parametrize("kind", ["truncated", "reset", "status", "html"])
ELSEWHERE = (("Location", "https://elsewhere.invalid/?key=abc"),)


@pytest.mark.promise("whole-files")
@pytest.mark.some(9)
@DAMAGED
@scenes_that_can(Ability.PENDING_JOBS)
def test_file_damaged_once_is_read_again_without_a_submit(simulate, clock, scene, kind):
    """The file of a job that came short or damaged is read once more; the job stays."""
    sim = simulate(rows_per_day=4, **scene.options)
    sim.faults.add(Fault(scene.file_point, kind))

    out = run_scene(scene, sim, clock)

    assert_complete(scene, sim, out)
    assert len(scene.sent(sim, "submit")) == scene.windows


@pytest.mark.promise("whole-files")
@pytest.mark.some(3)
@DAMAGED
@scenes_that_cannot(Ability.PENDING_JOBS)
def test_file_damaged_once_is_requested_again_where_no_job_has_a_name(simulate, clock, scene, kind):
    """Where no job names the file, the window is requested once more, and no row is twice."""
    sim = simulate(rows_per_day=4, **scene.options)
    sim.faults.add(Fault(scene.file_point, kind))

    out = run_scene(scene, sim, clock)

    assert_complete(scene, sim, out)
    assert len(scene.sent(sim, "submit")) <= (scene.windows + 1) * scene.can(Ability.JOBS)


@pytest.mark.promise("whole-files")
@pytest.mark.some(7)
@pytest.mark.parametrize("kind", ["truncated", "html"])
@EVERY_SCENE
def test_file_that_stays_damaged_emits_nothing(simulate, clock, scene, kind):
    """A file that is always damaged fails the stream: no record leaves, the bookmark stays."""
    sim = simulate(rows_per_day=4, **scene.options)
    sim.faults.add(Fault(scene.file_point, kind, times=1000))

    first = run_scene(scene, sim, clock, max_retries=2)
    sim.faults.clear()
    second = run_scene(scene, sim, clock, state=first.state)

    assert str(failure(first))
    assert_nothing_emitted(scene, first)
    assert_complete(scene, sim, second)


@scenes_that_can(Ability.PRESIGNED_LINKS, Ability.PENDING_JOBS)
def test_link_that_expired_is_replaced_by_a_poll(simulate, clock, scene):
    """An expired link is replaced by that of another poll; no second job is made."""
    sim = simulate(rows_per_day=4, **scene.options)
    sim.faults.add(Fault(scene.file_point, "expired-link"))

    out = run_scene(scene, sim, clock)

    links = {seen.query["X-Amz-Signature"] for seen in scene.sent(sim, "file")}
    assert_complete(scene, sim, out)
    assert len(links) == scene.windows + 1
    assert len(scene.sent(sim, "submit")) == scene.windows


@pytest.mark.promise("own-hosts")
@scenes_that_can(Ability.PRESIGNED_LINKS)
def test_presigned_link_is_fetched_without_credentials(simulate, clock, scene):
    """A download by a link that needs no token bears neither the token nor a cookie."""
    sim = simulate(rows_per_day=4, **scene.options)

    run_scene(scene, sim, clock)

    files = scene.sent(sim, "file")
    assert len(files) == scene.windows
    assert not [seen for seen in files if {"authorization", "cookie"} & seen.headers.keys()]


@pytest.mark.promise("own-hosts")
@scenes_that_cannot(Ability.PRESIGNED_LINKS)
def test_file_served_by_the_api_is_fetched_with_the_token(simulate, clock, scene):
    """A file that the API itself serves is fetched from its host, with the token."""
    sim = simulate(rows_per_day=4, **scene.options)

    run_scene(scene, sim, clock)

    assert len(scene.sent(sim, "file")) >= scene.windows
    assert all("authorization" in seen.headers for seen in scene.sent(sim, "file"))


@pytest.mark.promise("own-hosts")
@pytest.mark.some(2)
@EVERY_SCENE
def test_redirect_to_a_missing_host_shows_no_address(simulate, clock, scene):
    """A redirect of a download is followed, one of a page is refused; neither shows the address."""
    sim = simulate(rows_per_day=4, **scene.options)
    sim.faults.add(Fault(scene.file_point, "status", status=302, headers=ELSEWHERE, times=99))

    out = run_scene(scene, sim, clock, max_retries=1)

    is_download = scene.file_point == "download" and not scene.file_in_json
    words = "allow connections to elsewhere.invalid" if is_download else "302"
    assert words in str(failure(out))
    assert "key=abc" not in str(failure(out))
    assert_nothing_emitted(scene, out)
