"""Keys and tokens are sent only to their host, in every family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tap_cxone.config.validation import problems
from tap_cxone.families.registry import settings_schema
from tap_cxone.simulator import Fault, Options, Simulator, tap_settings
from tap_cxone.simulator.settings import ALL_FAMILIES
from tap_cxone.streams.base import CXoneStream
from tap_cxone.tap import TapCXone
from tests.resilience.faults.scenes import SCENES
from tests.support.run import run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.scene import Scene

CALLS = [
    (name, point) for name, scene in SCENES.items() for point in (*scene.reads, *scene.submits)
]
everybody = pytest.mark.parametrize("name", SCENES)


@pytest.fixture
def elsewhere(clock) -> Iterator[Simulator]:
    """Return another machine."""
    with Simulator(Options(), clock=clock, host="127.0.0.2") as other:
        yield other


def options(scene: Scene) -> dict[str, Any]:
    """Return a small tenant for a scene."""
    return {"rows_per_day": 4, **scene.options}


@pytest.mark.promise("own-hosts")
@everybody
def test_token_of_a_family_goes_to_its_endpoint_alone(simulate, clock, elsewhere, name):
    """With `endpoints` for one family all it sends goes there, whatever `base_url` says."""
    scene = SCENES[name]
    sim = simulate(**options(scene))
    login = scene.patterns.login.removeprefix("POST ")
    own = {scene.family: sim.url, f"{scene.family}_token": sim.url + login}
    config = scene.settings(sim.url, base_url=elsewhere.url, allow_insecure=True, endpoints=own)

    out = run_tap(config, clock=clock, catalog=scene.catalog)

    assert out.error is None
    assert out.records(scene.stream)
    assert elsewhere.requests == []
    hosts = {seen.headers["host"] for seen in sim.requests}
    assert hosts == {urlsplit(sim.url).netloc}


@pytest.mark.promise("own-hosts")
@pytest.mark.some(3)
@pytest.mark.parametrize(("name", "place"), CALLS)
def test_redirect_to_another_host_sends_nothing_there(simulate, clock, elsewhere, name, place):
    """Wherever an API redirects to another host, that host receives no request."""
    scene = SCENES[name]
    sim = simulate(**options(scene))
    to = (("Location", f"{elsewhere.url}/anything?key=1"),)
    sim.faults.add(Fault(place, "status", status=307, headers=to, times=99))
    (act,) = sim.faults._script

    out = run_tap(scene.settings(sim.url, max_retries=0), clock=clock, catalog=scene.catalog)

    assert (out.error is None) == (place in scene.dispensable)
    assert act.applied
    assert elsewhere.requests == []


@pytest.mark.promise("own-hosts")
def test_link_outside_the_api_gets_no_token(simulate, clock):
    """The link of an API that else serves rows itself is fetched without the token or a cookie."""
    scene = SCENES["reports"]
    sim = simulate(**options(scene), report_result="csv")

    out = run_tap(scene.settings(sim.url), clock=clock, catalog=scene.catalog)

    fetched = [seen for seen in sim.requests if "X-Amz-Signature" in seen.query]
    assert out.error is None
    assert fetched
    assert not [seen for seen in fetched if {"authorization", "cookie"} & seen.headers.keys()]


SETTINGS_OF_HOSTS = [
    "base_url",
    *(f"endpoints.{family}{kind}" for family in ALL_FAMILIES for kind in ("", "_token")),
]


@pytest.mark.promise("own-hosts")
@pytest.mark.parametrize("setting", SETTINGS_OF_HOSTS)
@pytest.mark.parametrize("url", ["http://cxone.example", "http://10.0.0.1/x", "http://0.0.0.0"])
def test_no_open_line_unless_it_is_allowed(setting, url):
    """Plain http to another machine is refused for every host, unless `allow_insecure` is true."""
    outer, _, inner = setting.partition(".")
    config: dict[str, Any] = {outer: {inner: url} if inner else url}

    assert [problem for problem in problems(config, settings_schema()) if setting in problem]
    assert not problems(config | {"allow_insecure": True}, settings_schema())
    assert problems(config | {"allow_insecure": False}, settings_schema())


@pytest.mark.promise("own-hosts")
def test_every_host_is_private_by_default():
    """Without `base_url` every API and every login is requested over https."""
    config = tap_settings("https://any.example", families=ALL_FAMILIES)
    del config["base_url"]
    tap = TapCXone(config={**config, "tenant": "acme"})
    families = {s.family.name: s.family for s in tap.streams.values() if isinstance(s, CXoneStream)}

    assert families.keys() == set(ALL_FAMILIES)
    for family in families.values():
        assert family.grant is not None
        assert family.base_url.startswith("https://")
        assert family.grant.token_request().url.startswith("https://")
