"""Links and redirects keep the spelling that an API gives them."""

from __future__ import annotations

import pytest

from tap_cxone.http.links import has_signature, is_same_origin, location, resolve, target_of

REQUEST = "https://api.example:8443/v1/a/status?file=b"


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("/f.csv?", "https://api.example:8443/f.csv?"),
        ("//other.example/f.csv?", "https://other.example/f.csv?"),
        ("HTTPS://other.example/a/../f%7e.csv?", "HTTPS://other.example/a/../f%7e.csv?"),
        ("file", "https://api.example:8443/v1/a/file"),
        ("../f.csv", "https://api.example:8443/v1/f.csv"),
    ],
)
def test_reference_is_resolved_without_a_change_of_spelling(reference, url):
    """A redirect may be absolute, lack the scheme or the host, or be relative to the request."""
    assert resolve(REQUEST, reference) == url


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("https://a.example", "/"),
        ("https://a.example?b", "/?b"),
        ("https://a.example/?", "/?"),
        ("https://a.example:1/b//c?d=%2f#e", "/b//c?d=%2f"),
    ],
)
def test_target_is_that_of_the_link(link, target):
    """The target of a request is what follows the host, without a fragment."""
    assert target_of(link) == target


@pytest.mark.parametrize(
    ("text", "sent"),
    [("/Z\xc3\xbcrich", "/Z%C3%BCrich"), ("/Z\xfcrich", "/Z%FCrich"), ("/a%7e", "/a%7e")],
)
def test_location_is_read_byte_by_byte(text, sent):
    """The encoding of a header is unknown, so each byte is kept."""
    assert location({"Location": text}) == sent


@pytest.mark.parametrize("query", ["X-Amz-Signature=a", "sv=1&sig=a", "Signature=a", "token=a"])
def test_signature_is_recognised(query):
    """A query with a signature or a token is a credential of its own."""
    assert has_signature(f"https://a.example/f?{query}")


@pytest.mark.parametrize("query", ["", "?name=sig", "?design=a", "?tokens=3"])
def test_other_query_is_no_signature(query):
    """Other names are none."""
    assert not has_signature(f"https://a.example/f{query}")


def test_origin_ignores_case_and_the_default_port():
    """Hosts are compared without case, and the default port may be written."""
    assert is_same_origin("https://API.example:443/a", "https://api.example/b")
    assert not is_same_origin("https://api.example:8443/a", "https://api.example/b")
