"""Contract of every family: whole runs, discovery, `--test` and `--plan`."""

from __future__ import annotations

import contextlib
import io
import json
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tap_cxone.config.validation import ACCESS_KEY, CLIENT_CREDENTIALS
from tap_cxone.errors import ConfigError
from tap_cxone.simulator import Fault
from tests.contract.scenes import EVERY_SCENE, assert_complete, run_scene, scenes_that_cannot
from tests.support.expectations import failure
from tests.support.scene import Ability

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator
    from tests.support.scene import Scene

TOKENS = ("sim-access-token-", "sim-refresh-token-", "sim-id-token-")
CREDENTIALS = {*ACCESS_KEY, *CLIENT_CREDENTIALS}


@pytest.mark.promise("state-follows-records")
@EVERY_SCENE
def test_family_with_rows_emits_each_once(simulate, clock, scene):
    """A run gives exactly the rows of the API, and the bookmark is at the end of the windows."""
    sim = simulate(rows_per_day=4, **scene.options)

    out = run_scene(scene, sim, clock)

    assert_complete(scene, sim, out)
    assert out.records(scene.stream)
    assert len(scene.sent(sim, "submit")) == scene.windows * bool(scene.submits)
    assert sim.limit_violations == 0


@pytest.mark.some(2)
@EVERY_SCENE
def test_family_without_rows_moves_the_bookmark(simulate, clock, scene):
    """Without a row there is no record, and the bookmark is at the end of the windows."""
    sim = simulate(**{**scene.options, **scene.empty})

    out = run_scene(scene, sim, clock)

    assert_complete(scene, sim, out)
    assert out.records(scene.stream) == []


@scenes_that_cannot(Ability.WINDOWS)
def test_stream_without_windows_is_read_whole_by_each_run(simulate, clock, scene):
    """The next run reads every row once more, since there is no bookmark to continue from."""
    sim = simulate(rows_per_day=4, **scene.options)
    first = run_scene(scene, sim, clock)

    second = run_scene(scene, sim, clock, state=first.state)

    assert_complete(scene, sim, first)
    assert_complete(scene, sim, second)
    assert second.records(scene.stream)


@pytest.mark.promise("offline-discovery")
@EVERY_SCENE
def test_family_is_discovered_without_network_or_credentials(simulate, clock, scene):
    """The catalog has the stream with its keys, though no login is set and no request is sent."""
    sim = simulate(**scene.options)
    config = {k: v for k, v in scene.settings(sim.url).items() if k not in CREDENTIALS}
    shown = io.StringIO()

    with contextlib.redirect_stdout(shown):
        tap = scene.tap_class(config=config, clock=clock, validate_config=False)
        text = tap.run_discovery()

    streams = json.loads(text or shown.getvalue())["streams"]
    (entry,) = (entry for entry in streams if entry["tap_stream_id"] == scene.stream)
    assert entry["key_properties"]
    assert entry.get("replication_key") == scene.replication_key
    assert sim.requests == []


@pytest.mark.some(2)
@EVERY_SCENE
def test_family_without_credentials_names_them(simulate, clock, scene):
    """A run without the credentials of the family names each of them, and sends no request."""
    sim = simulate(**scene.options)
    settings = scene.settings(sim.url)
    config = {k: v for k, v in settings.items() if k not in scene.credentials}

    with pytest.raises(ConfigError) as raised:
        scene.tap_class(config=config, clock=clock, catalog=scene.catalog)

    assert all(name in str(raised.value) for name in scene.credentials)
    assert sim.requests == []


@pytest.mark.some(2)
@EVERY_SCENE
def test_family_is_tested_without_an_export(simulate, clock, scene):
    """`--test` logs in and at most reads: every check passes, and nothing is submitted."""
    sim = simulate(**scene.options)
    # Two families may share a login.
    settings, catalog = scene.settings(sim.url), scene.catalog
    tap = scene.tap_class(config=settings, clock=clock, catalog=catalog)

    checks = [check for check in tap.connection_checks() if check.family == scene.family]

    assert [check.check for check in checks if check.passed is False] == []
    assert checks[0].check == "login"
    assert checks[0].passed
    assert len(scene.sent(sim, "login")) == 1
    assert scene.sent(sim, "submit") == []


@pytest.mark.some(2)
@EVERY_SCENE
def test_family_with_a_wrong_secret_fails_the_test(simulate, clock, scene):
    """`--test` with a refused login shows the setting to check, and not the secret."""
    sim = simulate(**scene.options)
    name = scene.credentials[1]
    tap = scene.tap_class(config=scene.settings(sim.url, **{name: "wrong-one"}), clock=clock)

    (login, *_) = (check for check in tap.connection_checks() if check.family == scene.family)

    assert login.passed is False
    assert name in str(login)
    assert "wrong-one" not in str(login)


@pytest.mark.some(2)
@EVERY_SCENE
def test_family_is_planned_without_an_export(simulate, clock, scene):
    """`--plan` counts the windows of the stream, and reads at most."""
    sim = simulate(**scene.options)
    config = scene.settings(sim.url)
    tap = scene.tap_class(config=config, clock=clock, catalog=scene.catalog)

    (plan,) = tap.plans()
    (stream,) = plan.streams

    assert (plan.family, stream.workload.stream) == (scene.family, scene.stream)
    assert len(stream.workload.windows) == scene.windows
    assert {seen.method for seen in sim.requests if seen not in scene.sent(sim, "login")} <= {"GET"}


@pytest.mark.ci
@pytest.mark.promise("no-secrets")
@pytest.mark.some(2)
@EVERY_SCENE
def test_run_shows_no_secret(simulate, clock, scene, caplog, tmp_path):
    """Neither log, messages, audit log nor journal has a key, a token or the query of a link."""
    caplog.set_level(logging.DEBUG)
    sim = simulate(rows_per_day=4, **scene.options)
    echo = " ".join(keys_of(scene, sim))
    for point in scene.reads:
        sim.faults.add(Fault(point, "status", status=500, body=echo))
    files: dict[str, Any] = {n: str(tmp_path / n) for n in ("audit_log_path", "journal")}

    out = run_scene(scene, sim, clock, **files)

    assert_complete(scene, sim, out)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert secrets_in(caplog.text + json.dumps(out.messages) + repr(written), scene, sim) == []


@pytest.mark.promise("no-secrets")
@pytest.mark.some(2)
@EVERY_SCENE
def test_failed_run_shows_no_secret(simulate, clock, scene, caplog):
    """An error repeats the API's words without the secrets that these contain."""
    caplog.set_level(logging.DEBUG)
    sim = simulate(**scene.options)
    point = (*scene.submits, scene.file_point)[0]
    echo = f"no access with {' '.join(keys_of(scene, sim))}"
    sim.faults.add(Fault(point, "status", status=400, body=echo, times=9))

    out = run_scene(scene, sim, clock)

    assert "no access with" in str(failure(out))
    assert secrets_in(f"{caplog.text} {out.error} {json.dumps(out.messages)}", scene, sim) == []


def keys_of(scene: Scene, sim: Simulator) -> list[str]:
    """Return the credentials in the settings of a scene; the name of an application is public."""
    settings = scene.settings(sim.url)
    return [settings[name] for name in CREDENTIALS & settings.keys() - {"client_id"}]


def secrets_in(text: str, scene: Scene, sim: Simulator) -> list[str]:
    """Return the keys, tokens and signatures of a run that a text has."""
    headers = (seen.headers.get("authorization", "") for seen in sim.requests)
    tokens = {header.split()[1] for header in headers if header}
    signed = {seen.query.get("X-Amz-Signature", "") for seen in sim.requests} - {""}
    keys = keys_of(scene, sim)
    encoded = [quote(key, safe="") for key in keys]
    return [s for s in (*keys, *encoded, *TOKENS, *tokens, *signed) if s in text]
