from __future__ import annotations

import string
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_cxone.redact import MASK, Redactor, is_allowed_host, is_secure_url
from tests.support.properties import many

_UNRESERVED = string.ascii_letters + string.digits + "-._~"
_PCHAR = _UNRESERVED + "!$&'()*+,;=:@%"  # RFC 3986
_QCHAR = _PCHAR.replace("*", "") + "/?"

tokens = st.text(string.ascii_letters + string.digits + "-._~+/=", min_size=12, max_size=60).map(
    "0{}".format  # unlike any word around it
)
secrets = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="*"), min_size=8
)
words = st.text(st.characters(codec="utf-8"), max_size=30)


@pytest.mark.promise("no-secrets")
@many
@given(words, st.lists(secrets, min_size=1, max_size=3), words)
def test_no_learned_secret_survives(before, known, after):
    """A secret that was learned does not come out, whatever stands around it."""
    redact = Redactor()
    redact.add_secrets(*known)
    text = redact(before + " ".join(known) + after, limit=10_000)

    assert not any(secret in text for secret in known)


@pytest.mark.promise("no-secrets")
@many
@given(secrets)
def test_no_encoded_secret_survives(secret):
    """A secret does not come out in the spelling of a URL or a form either."""
    redact = Redactor({secret})

    assert quote(secret, safe="") not in redact(f"form was a={quote(secret, safe='')} b")


SPELLED = {
    "base64": b64encode(b"SIM-SECRET/+=?&-the-rest").decode(),
    "Basic": b64encode(b"SIM-ID:SIM-SECRET/+=?&-the-rest").decode(),
    "Basic, shifted by one": b64encode(b"ID:SIM-SECRET/+=?&-the-rest").decode(),
    "Basic, shifted by two": b64encode(b"I:SIM-SECRET/+=?&-the-rest").decode(),
    "base64 for URLs": urlsafe_b64encode(b"I:SIM-SECRET/+=?&-the-rest").decode(),
    "JSON with slashes escaped": r"SIM-SECRET\/+=?&-the-rest",
    "JSON of .NET": r"SIM-SECRET/\u002B=?\u0026-the-rest",
    "JSON of Java": r"SIM-SECRET/+\u003d?\u0026-the-rest",
    "form": "SIM-SECRET%2F%2B%3D%3F%26-the-rest",
    "form in small letters": "SIM-SECRET%2f%2b%3d%3f%26-the-rest",
    "path": "SIM-SECRET/%2B%3D%3F%26-the-rest",
}


@pytest.mark.promise("no-secrets")
@pytest.mark.parametrize("spelled", SPELLED.values(), ids=SPELLED)
def test_no_spelling_of_a_secret_survives(spelled):
    """Nor does it come out as a header, a form or a JSON library would spell it."""
    text = Redactor({"SIM-SECRET/+=?&-the-rest"})(f"it sent {spelled} and so on")

    assert spelled not in text
    assert "the-rest" not in text
    assert "U0lNLVNFQ1JFVC" not in text
    assert text.startswith("it sent ")
    assert text.endswith(" and so on")


def test_nothing_that_a_terminal_obeys():
    """An answer cannot move the cursor, nor colour what follows."""
    assert Redactor()("one\r\ntwo\x1b[31mthree\0\x9bJ") == "one two [31mthree J"


def test_secret_inside_another():
    """A secret that begins with another one leaves no rest behind."""
    redact = Redactor({"abcdefgh", "abcdefgh-the-rest"})

    assert redact("key abcdefgh-the-rest") == f"key {MASK}"


def test_empty_secret_is_none():
    """An empty text is not learned: it is everywhere."""
    redact = Redactor()
    redact.add_secrets("", "hush-hush")

    assert redact("all is well") == "all is well"


@many
@given(
    st.sampled_from(["http", "https"]),
    st.text(_PCHAR + "/", max_size=30),
    st.text(_QCHAR, min_size=4, max_size=60),
)
def test_no_query_survives(scheme, path, query):
    """The query of an address does not come out; the address before it stays."""
    text = Redactor()(f"GET {scheme}://files.example/{path}?{query} failed", limit=10_000)

    assert text.startswith(f"GET {scheme}://files.example/")
    assert text.endswith("failed")
    assert f"?{query}" not in text


@pytest.mark.parametrize(
    "text",
    [
        "see https://s3.example/f.csv?X-Amz-Signature=c0ffee&X-Amz-Credential=AKIA",
        'see "https://s3.example/f.csv?X-Amz-Signature=c0ffee"',
        "see <https://s3.example/f.csv?X-Amz-Signature=c0ffee>",
        "see (https://s3.example/f.csv?X-Amz-Signature=c0ffee)",
        "see https://s3.example?sig=c0ffee",
        "two https://a.example/?b=1 https://s3.example/f?sig=c0ffee",
        "see HTTPS://s3.example/f.csv?X-Amz-Signature=c0ffee",
        "HTTPSConnectionPool(host='s3.example'): refused url: /f.csv?X-Amz-Signature=c0ffee (…)",
        '{"url": "files/f.csv?code=c0ffee"}',
    ],
    ids=[
        "plain",
        "quoted",
        "angles",
        "brackets",
        "no path",
        "second",
        "capitals",
        "urllib3's",
        "relative",
    ],
)
def test_no_presigned_link_survives(text):
    """A link that is as good as a key loses what makes it one, however it is written."""
    assert "c0ffee" not in Redactor()(text)


@many
@given(st.sampled_from(["Bearer", "bearer", "BEARER", "Basic"]), tokens)
def test_no_authorization_survives(scheme, token):
    """A token behind its scheme is masked, though it is not a known secret."""
    assert token not in Redactor()(f"sent Authorization: {scheme} {token}, refused")


@pytest.mark.parametrize(
    "text",
    [
        '{"access_token": "hush-hush", "expires_in": 3600}',
        '{"access_token":"hush-hush"}',
        '{"refresh_token":"hush-hush"}',
        '{"id_token":"hush-hush"}',
        '{"accessKeySecret": "hush-hush"}',
        '{"accessKeyId": "hush-hush"}',
        '{"client_secret": "hush-hush"}',
        '{"password": "hush-hush"}',
        "{'password': 'hush-hush'}",
        "password=hush-hush&username=x",
        "username=x&client_secret=hush-hush",
        "client_assertion=hush-hush",
        "access_key_secret: hush-hush",
        "ACCESS_TOKEN = hush-hush",
        "api_key=hush-hush",
        "apiKey: hush-hush",
        "sig=hush-hush",
        "sv=2024-11-04&sig=hush-hush&se=2026",
        r'{"next": "sv=1\u0026sig=hush-hush"}',
        "X-Amz-Signature=hush-hush",
        '{"x-goog-signature": "hush-hush"}',
        "back=f.csv%3FX-Amz-Signature%3Dhush-hush",
        "X-Amz-Credential=hush-hush",
        "X-Amz-Security-Token=hush-hush",
    ],
)
def test_no_field_named_like_a_secret_survives(text):
    """What stands under the name of a secret does not come out."""
    assert "hush-hush" not in Redactor()(text)


def test_rest_of_a_body_stays():
    """What is no secret can still be read."""
    text = Redactor()('{"error": "invalid_grant", "access_token": "hush-hush", "hint": "retry"}')

    assert '"error": "invalid_grant"' in text
    assert '"hint": "retry"' in text


@pytest.mark.parametrize(
    "text",
    [
        "job 7f3 FAILED: no data for qm-workflows",
        "GET https://api-na1.niceincontact.com/data-extraction/v1/jobs/7f3: 404 Not Found",
        "the key column segment_id is missing",
        "the design=a is a signature of ours",
        "is it version 2.1? yes",
    ],
)
def test_harmless_text_stays(text):
    """A text without secrets comes out as it is."""
    assert Redactor()(text) == text


@many
@given(st.text(), st.integers(1, 400))
def test_one_line_and_no_longer(text, limit):
    """The result is one line of at most `limit` characters."""
    line = Redactor()(text, limit=limit)

    assert len(line.splitlines()) <= 1
    assert len(line) <= limit


def test_cut_shows():
    """A text that was cut says so."""
    assert Redactor()("x" * 400, limit=10).endswith("…")


@pytest.mark.parametrize(
    "text", ["x" * 8_000, "=/" * 10_000, "https://" * 5_000], ids=["word", "slashes", "schemes"]
)
def test_only_the_beginning_of_a_long_text_is_looked_through(text):
    """A page of any length is redacted in bounded time: what comes late changes nothing."""
    redact = Redactor({"hush-hush"})

    assert redact(text) == redact(text[:4_000] + "?" + text)


@pytest.mark.promise("no-secrets")
def test_secret_is_removed_before_the_cut():
    """The limit leaves no beginning of a secret behind."""
    text = Redactor({"hush-hush-hush"})("12345 hush-hush-hush", limit=12)

    assert "hush" not in text


def test_redactor_does_not_show_its_secrets():
    """The redactor itself may be printed."""
    assert "hush-hush" not in repr(Redactor({"hush-hush"}))


@pytest.mark.parametrize(
    "url",
    [
        "https://api-na1.niceincontact.com",
        "https://files.example:8443/f?sig=1",
        "HTTPS://FILES.EXAMPLE/",
        "http://127.0.0.1:8080",
        "http://localhost:8080/x",
        "http://LOCALHOST",
        "http://[::1]:8080/",
    ],
)
def test_private(url):
    """An address is private over https, and over http to this machine."""
    assert is_secure_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://api-na1.niceincontact.com",
        "http://127.0.0.1.example/",
        "http://localhost.example/",
        "http://127.0.0.1@files.example/",
        "http://localhost:80@files.example/",
        "http://files.example/127.0.0.1",
        "https://me:secret@files.example/",
        "http://files.example\\@127.0.0.1/",
        "http://0x7f000001.example",
        "ftp://127.0.0.1/f",
        "file:///etc/passwd",
        "//files.example/f",
        "files.example",
        "https://",
        "https:///f",
        "https://[::1",
        "https://files.example:port/",
        "",
    ],
)
def test_not_private(url):
    """Plain http elsewhere, another scheme, and what is no address are not."""
    assert not is_secure_url(url)


@many
@given(st.text(max_size=40) | st.text("htps:/@[]\\#?.127lo", max_size=40))
def test_any_text_is_private_or_not(url):
    """No text makes the question fail."""
    assert is_secure_url(url) in {True, False}


def test_bare_token_is_masked():
    """A JSON web token is masked everywhere, also an unknown one."""
    text = Redactor()("echo eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJpbnZlbnRlZCJ9.c2lnbmF0dXJl end")

    assert text == "echo *** end"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://incontact.com/a", True),
        ("https://API-c37.InContact.com/a", True),
        ("https://api.incontact.com:443/a", True),
        ("https://127.0.0.1:8080/a", True),
        ("https://evilincontact.com/a", False),
        ("https://incontact.com.example/a", False),
        ("https://api.incontact.com:8443/a", False),
        ("https://127.0.0.1:8081/a", False),
        ("https://example.com/incontact.com", False),
        ("incontact.com", False),
    ],
)
def test_only_an_allowed_host_or_its_subdomain_is_allowed(url, expected):
    """A name allows its subdomains at the usual port, a name with a port exactly that port."""
    assert is_allowed_host(url, ["InContact.com", "127.0.0.1:8080"]) is expected
