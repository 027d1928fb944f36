"""A file that is wrapped as base64 in JSON."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_cxone.errors import DownloadError
from tap_cxone.http.base64_file import Base64Field


def decode(body, size=7):
    """Return the file in a body that comes in small chunks."""
    chunks = [body[index : index + size] for index in range(0, len(body), size)]
    return b"".join(Base64Field("file", "a report").decode(chunks))


@given(st.binary(max_size=300), st.text(), st.integers(1, 40))
def test_file_is_decoded_whatever_surrounds_it(content, name, size):
    """Keys and texts before and after the field do not matter, nor how the body is cut."""
    encoded = base64.b64encode(content).decode()
    body = json.dumps({"files": {"fileName": name, "file": encoded, "URI": name}}, indent=1)

    assert decode(body.encode(), size) == content


@given(st.binary(max_size=60), st.integers(1, 12))
def test_escapes_of_json_are_decoded(content, size):
    """Some JSON writers escape `/`, `+` and `=`, or break lines."""
    encoded = base64.b64encode(content).decode()
    for character, escaped in {"/": r"\/", "+": r"\u002B", "=": r"\u003d"}.items():
        encoded = encoded.replace(character, escaped)
    body = f'{{"file": "{encoded}\\r\\n"}}'

    assert decode(body.encode(), size) == content


@pytest.mark.parametrize(
    "name", ['"file": "QUJD', '\\"file": "QUJD', "\\", '","file":"'], ids=range(4)
)
def test_text_that_looks_like_the_field_is_none(name):
    """Only a key of the JSON counts, no text inside of a value."""
    body = json.dumps({"fileName": name, "file": "QUJD"}).encode()

    assert decode(body) == b"ABC"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'{"files": {"fileName": "a"}}', "is missing"),
        (b'{"files": {"file": null}}', "is missing"),
        (b"", "is missing"),
        (b"\n<html>Back soon</html>", "is missing, because the response is an HTML or XML page"),
        (b'{"file": "QUJD', "is incomplete"),
        (b'{"file": "QUJD\\u00', "is incomplete"),
        (b'{"file": "QUJ"}', "is not base64"),
        (b'{"file": "QU!D"}', "is not base64"),
        (b'{"file": "QQ==QUJD"}', "is not base64"),
    ],
)
def test_file_that_cannot_be_decoded_is_a_download_error(body, problem):
    """Nothing of it is taken for the file."""
    with pytest.raises(DownloadError, match=f"a report: the file in the API's JSON {problem}"):
        decode(body)
