"""Data download: the host that the token names."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from requests import ConnectionError as RequestsConnectionError
from typing_extensions import override

from tap_cxone.errors import NotFound
from tap_cxone.families.data_download.token_region import base_url_from_token, token_region
from tap_cxone.http.auth import Token
from tap_cxone.simulator import Fault
from tests.support.data_download import (
    DOWNLOAD,
    ME,
    METRICS,
    STREAM,
    TOKEN,
    Wire,
    download_settings,
    hosted,
    run_downloads,
)
from tests.support.expectations import failure, warnings_logged
from tests.support.ids import readable
from tests.support.run import NOON

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

HOME = "https://acme.nicecxone.com"
PLANE = "https://api-na1.niceincontact.com"
HOSTILE: list[Any] = [
    "na1.evil.example",
    "na1/../x",
    "na1/",
    "na1@evil.example",
    "na1:8443",
    "na1#",
    "na1\n",
    " na1",
    "NA1",
    "na",
    "1",
    "n1",
    "abcde1",
    "na123",
    "na\u0661",
    "",
    1,
    1.5,
    True,
    None,
    ["na1"],
    {"na1": "na1"},
]


def token(claims: Any) -> str:
    """Return a token with these claims."""
    text = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return f"e30.{base64.urlsafe_b64encode(text).decode().rstrip('=')}.c2ln"


def bearer(value: str, region: str = "") -> Token:
    """Return a token, and the region that its login response names."""
    return Token(value, NOON, region=region)


class DeadPlane(Wire):
    """A wire on which the host of the region does not answer."""

    @override
    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        if (request.url or "").startswith(PLANE):
            raise RequestsConnectionError
        return super().send(request, *args, **kwargs)


def test_host_of_the_region_that_does_not_answer_is_replaced_by_the_tenants(sim, clock, caplog):
    """If the host that the token names does not answer, the tenant's host is asked, and named."""
    wire = DeadPlane(sim)

    out = run_downloads(hosted(sim, max_retries=1), clock, wire=wire)

    assert out.error is None
    assert wire.hosts == {HOME}
    assert out.records(STREAM)
    (warning,) = (w for w in warnings_logged(caplog) if "does not respond; this run uses" in w)
    assert PLANE in warning
    assert HOME in warning


def test_region_of_the_login_response_names_the_host():
    """A region beside the token counts like one in the token, which comes first."""
    assert base_url_from_token(bearer("opaque", "eu1")) == "https://api-eu1.niceincontact.com"
    assert base_url_from_token(bearer(token({"region": "na1"}), "eu1")) == PLANE


def test_region_in_another_spelling_is_named(sim, clock, caplog):
    """A region that is not used because of its spelling is named in a warning."""
    answer = {"access_token": token({"region": "NA1"}), "expires_in": 3600}
    sim.faults.add(Fault("token", "status", status=200, body=json.dumps(answer), times=9))

    run_downloads(hosted(sim), clock, wire=Wire(sim))

    assert [w for w in warnings_logged(caplog) if "names the region 'NA1'" in w]


@pytest.mark.parametrize("region", ["na1", "eu1", "au10", "usw2"])
def test_region_claim_selects_the_data_host(simulate, clock, region):
    """Everything but the login is requested at the host of the region in the token."""
    sim = simulate(token_region=region)
    wire = Wire(sim)

    out = run_downloads(hosted(sim, region=region), clock, wire=wire)

    assert out.error is None
    assert (f"{HOME}", TOKEN) in wire.asked
    assert wire.hosts == {f"https://api-{region}.niceincontact.com"}
    assert {path for _, path in wire.asked} == {TOKEN, ME, METRICS, DOWNLOAD}


def test_no_claim(simulate, clock):
    """Without a claim everything is requested at the tenant's host."""
    sim = simulate(token_region=None)
    wire = Wire(sim)

    out = run_downloads(hosted(sim), clock, wire=wire)

    assert out.error is None
    assert wire.hosts == {HOME}


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "https://proxy.example"},
        {"endpoints": {"data_download": "https://proxy.example"}},
        {"base_url": "https://x.example", "endpoints": {"data_download": "https://proxy.example/"}},
    ],
    ids=readable,
)
def test_settings_decide(sim, clock, changes):
    """A configured host takes precedence over the claim."""
    wire = Wire(sim)

    out = run_downloads(hosted(sim, **changes), clock, wire=wire)

    assert out.error is None
    assert wire.hosts == {"https://proxy.example"}


def test_token_url_alone_does_not_move_the_data(sim, clock):
    """A token URL of its own names where to log in, and leaves the data where they are."""
    wire = Wire(sim)
    own = {"data_download_token": f"https://login.example{TOKEN}"}

    run_downloads(hosted(sim, endpoints=own), clock, wire=wire)

    assert ("https://login.example", TOKEN) in wire.asked
    assert wire.hosts == {PLANE}


@pytest.mark.promise("own-hosts")
@pytest.mark.some(3)
@pytest.mark.parametrize("claim", HOSTILE, ids=readable)
def test_hostile_claim_receives_no_request(sim, clock, claim):
    """A claim that is no region receives no request: the tenant's host does."""
    answer: dict[str, Any] = {"access_token": token({"region": claim}), "expires_in": 3600}
    sim.faults.add(Fault("token", "status", status=200, body=json.dumps(answer), times=9))
    wire = Wire(sim)

    out = run_downloads(hosted(sim), clock, wire=wire)

    assert out.error is not None  # the simulator did not give out this token
    assert wire.hosts == {HOME}
    assert base_url_from_token(bearer(answer["access_token"])) is None


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "opaque",
        "a.b",
        "a..c",
        "a.b.c.d",
        "a.%%%.c",
        "a.é.c",
        "a.====.c",
        "\N{SNOWMAN}.\N{SNOWMAN}.\N{SNOWMAN}",
        token(b""),
        token(b"\xff\xfe"),
        token(b"{"),
        token(b"5" * 5_000_000),
        token(b'"na1"'),
        token(b'["region"]'),
        token({"Region": "na1"}),
        token({"region": "n" * 5_000_000}),
        "x" * 5_000_000,
        pytest.param(token(b"[" * 200_000), id="nested"),
        token({"a": {"region": "na1"}}),
        token({"region": "na1"}) + ".more",
        token({"region": "na1"}).rpartition(".")[0],
    ],
    ids=range(22),
)
def test_junk(junk):
    """A token without a readable claim names no region, whatever it is."""
    assert token_region(bearer(junk)) is None
    assert base_url_from_token(bearer(junk)) is None


@pytest.mark.promise("own-hosts")
@given(st.one_of(st.text(), st.from_regex(r"[a-zA-Z0-9./:@#-]{0,8}", fullmatch=True)))
@example("na1")
def test_host_of_any_claim_is_one_of_the_vendor(region):
    """Whatever the claim, the host is one of the vendor's planes or none."""
    found = base_url_from_token(bearer(token({"region": region})))

    if found is not None:
        name = found.removeprefix("https://api-").removesuffix(".niceincontact.com")
        assert name == region
        assert name.isascii()
        assert name.isalnum()
        assert name.islower()


def test_404_names_the_region(simulate, clock):
    """A 404 says that the region is likely wrong, and names both."""
    sim = simulate(data_region="eu1")

    out = run_downloads(download_settings(sim, region="eu1"), clock)

    assert isinstance(failure(out), NotFound)
    assert all(word in str(failure(out)) for word in ("wrong region", "na1", "eu1"))
    assert out.records(STREAM) == []


@pytest.mark.parametrize("quirk", ["none", "no-total"])
def test_window_without_rows_of_another_region_names_it(simulate, clock, caplog, quirk):
    """A window without rows is suspicious if the token names another region than the settings."""
    sim = simulate(data_region="eu1", wrong_region="empty", page_quirk=quirk)

    out = run_downloads(download_settings(sim, region="eu1"), clock)

    assert out.error is None
    (warning,) = (w for w in warnings_logged(caplog) if "no rows" in w)
    assert "na1" in warning
    assert "eu1" in warning


@pytest.mark.parametrize(
    ("options", "region"),
    [({"rows_of": {"Interaction/Call": 0}}, "na1"), ({}, "eu1"), ({"token_region": None}, "eu1")],
    ids=readable,
)
def test_no_suspicion(simulate, clock, caplog, options, region):
    """Rows, or the region of the settings, are no reason for suspicion."""
    sim = simulate(**options)

    out = run_downloads(download_settings(sim, region=region), clock)

    assert out.error is None
    assert not any("region" in warning for warning in warnings_logged(caplog))
