"""Contract of every family: login, renewal of the token, and refused logins."""

from __future__ import annotations

from typing import Any

import pytest

from tap_cxone.errors import AuthError, PermissionDenied
from tap_cxone.simulator import Fault
from tests.contract.scenes import (
    CONTRACT_SCENES,
    EVERY_SCENE,
    assert_complete,
    assert_nothing_emitted,
    run_scene,
    scenes_that_can,
)
from tests.support.expectations import failure, warnings_logged
from tests.support.requests import statuses
from tests.support.scene import SCENE_CLOSED, Ability

TOKEN_SECONDS = 60


def authorized_points() -> list[Any]:
    """Return each scene with each point of it that wants the token."""
    found = []
    for scene in CONTRACT_SCENES:
        points: list[str] = [point for point in (*scene.reads, *scene.submits) if point != "token"]
        if scene.can(Ability.PRESIGNED_LINKS):
            points.remove(scene.file_point)
        found += [pytest.param(scene, point, id=f"{scene.name}-{point}") for point in points]
    return found


def credential_settings() -> list[Any]:
    """Return each scene with each setting of its credentials."""
    return [
        pytest.param(scene, name, id=f"{scene.name}-{name}")
        for scene in CONTRACT_SCENES
        for name in scene.credentials
    ]


@pytest.mark.some(2)
@EVERY_SCENE
def test_login_is_the_first_request_and_the_only_login(simulate, clock, scene):
    """A run logs in before anything else, once, and each other request bears that token."""
    sim = simulate(rows_per_day=4, **scene.options)

    run_scene(scene, sim, clock)

    (login,) = scene.sent(sim, "login")
    others = [seen for seen in sim.requests if seen is not login]
    bearers = {s.headers.get("authorization") for s in others if "X-Amz-Signature" not in s.query}
    assert sim.requests[0] is login
    assert len(bearers) == 1
    assert str(bearers.pop()).startswith("Bearer ")


@pytest.mark.some(2)
@EVERY_SCENE
def test_token_that_expired_is_renewed(simulate, clock, scene):
    """A token that ended during a wait is replaced by one new login; nothing is lost or twice."""
    sim = simulate(rows_per_day=4, **scene.options, **{scene.token_option: TOKEN_SECONDS})
    wait = (("Retry-After", str(TOKEN_SECONDS)),)
    point = scene.submits[-1] if scene.submits else scene.file_point
    sim.faults.add(Fault(point, "status", status=503, headers=wait))

    out = run_scene(scene, sim, clock)

    assert_complete(scene, sim, out)
    assert len(scene.sent(sim, "login")) > 1
    assert statuses(sim)[401] <= 1


@pytest.mark.some(5)
@pytest.mark.parametrize(("scene", "point"), authorized_points())
def test_token_refused_once_is_renewed(simulate, clock, scene, point):
    """A 401 at any request costs one login: the request is sent again, and no job is doubled."""
    sim = simulate(rows_per_day=4, **scene.options)
    sim.faults.add(Fault(point, "status", status=401))

    out = run_scene(scene, sim, clock)

    assert_complete(scene, sim, out)
    assert len(scene.sent(sim, "login")) == 2
    accepted = [seen for seen in scene.sent(sim, "submit") if seen.status != 401]
    assert len(accepted) == scene.windows * bool(scene.submits)


@pytest.mark.some(2)
@scenes_that_can(Ability.JOBS, Ability.PENDING_JOBS)
def test_token_revoked_while_a_job_runs_is_renewed(simulate, clock, scene):
    """Tokens that end while the first job runs cost one login and no job."""
    sim = simulate(rows_per_day=4, **scene.options)
    clock.action = sim.revoke_tokens

    out = run_scene(scene, sim, clock)

    assert_complete(scene, sim, out)
    assert len(scene.sent(sim, "login")) == 2
    assert len(scene.sent(sim, "submit")) == scene.windows


@pytest.mark.some(2)
@EVERY_SCENE
def test_token_refused_twice_fails_the_stream(simulate, clock, scene):
    """A second 401 in a row names the credentials, or a permission if they work elsewhere."""
    sim = simulate(rows_per_day=4, **scene.options)
    point = scene.submits[-1] if scene.submits else scene.file_point
    sim.faults.add(Fault(point, "status", status=401, times=9))

    out = run_scene(scene, sim, clock)

    error = failure(out)
    assert isinstance(error, AuthError | PermissionDenied)
    names_credentials = all(name in str(error) for name in scene.credentials)
    assert names_credentials == isinstance(error, AuthError)
    assert (len(scene.sent(sim, "login")), statuses(sim)[401]) == (2, 2)
    assert_nothing_emitted(scene, out)


@pytest.mark.some(5)
@pytest.mark.parametrize(("scene", "name"), credential_settings())
def test_login_refused_names_the_setting_and_submits_nothing(simulate, clock, scene, name):
    """A wrong credential fails the stream; the error names the setting and not the value."""
    sim = simulate(**scene.options)
    wrong: dict[str, Any] = {name: "wrong-one"}

    out = run_scene(scene, sim, clock, **wrong)

    error = str(failure(out))
    has_application = "client_id" in scene.credentials
    assert isinstance(failure(out), AuthError)
    assert name in error
    assert ("client_auth_method" in error) is has_application
    assert "wrong-one" not in error
    assert {seen.path for seen in sim.requests} == {seen.path for seen in scene.sent(sim, "login")}
    assert_nothing_emitted(scene, out)


@pytest.mark.some(2)
@EVERY_SCENE
def test_host_without_a_server_is_a_warning_before_the_first_retry(simulate, clock, caplog, scene):
    """Each family says at once what does not respond, for how long it goes on, and the remedy."""
    sim = simulate(**scene.options)
    at_first_retry: list[str] = []
    clock.action = lambda: at_first_retry.extend(warnings_logged(caplog))

    run_scene(scene, sim, clock, base_url=SCENE_CLOSED)

    (warning,) = at_first_retry
    assert f"POST {SCENE_CLOSED}/" in warning
    assert "NewConnectionError (Connection refused); no connection; trying again" in warning
    assert "up to 8 times in about 4:07 min (max_retries)" in warning
    assert "check region, tenant, base_url and endpoints" in warning
