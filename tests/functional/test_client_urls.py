"""Requests that the client sends to URLs of the API, and what else the next families need."""

from __future__ import annotations

import base64
import json
import subprocess
import sys

import pytest

from tap_cxone.errors import ApiError, DownloadError
from tap_cxone.http.base64_file import Base64Field
from tap_cxone.http.json_body import json_list
from tap_cxone.http.pagination import LinkPaginator, OffsetPaginator
from tests.support.http_server import TOKEN, client_of, http_api

FILE = Base64Field("file", "a report").decode
BEARER = f"Bearer {TOKEN}"
PEAK = """
import re, sys
from pathlib import Path
from tap_cxone.http.base64_file import Base64Field
from tests.support.http_server import client_of
base_url, url = sys.argv[1:]
decode = Base64Field("file", "a report").decode
with client_of(base_url).fetch_url(url, (), "a report", unwrap=decode) as spool:
    print(spool.size, re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def answer_with(value):
    """Return a successful answer."""
    return 200, [json.dumps(value).encode()]


# URLs of the API


@pytest.mark.ci
def test_file_of_an_allowed_host_is_fetched_with_the_token():
    """The token goes along, and the file in the JSON is what is stored."""
    body = {"files": {"fileName": "a.csv", "file": base64.b64encode(b"a,b\r\n").decode()}}
    with (
        http_api({}) as api,
        http_api({"/files?fileName=a.csv": answer_with(body)}) as files,
    ):
        allowed = [files.url.removeprefix("http://")]
        url = f"{files.url}/files?fileName=a.csv"

        with client_of(api.url).fetch_url(url, allowed, "a report", unwrap=FILE) as spool:
            assert spool.open().read() == b"a,b\r\n"

    assert files.requests == [("GET", "/files?fileName=a.csv", BEARER)]


@pytest.mark.ci
@pytest.mark.promise("own-hosts")
@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/a",
        "https://evilincontact.com/a",
        "https://incontact.com.elsewhere.example/a",
        "https://api.incontact.com:8443/a",
        "https://user@api.incontact.com/a",
        "http://api.incontact.com/a",
        "//api.incontact.com/a",
        "/files?fileName=a",
        "string",
        "",
    ],
)
def test_url_of_another_host_gets_nothing(url):
    """Whatever names no allowed host is an error, before anything is sent."""
    with http_api({}) as server:
        client = client_of(server.url)

        with pytest.raises(ApiError, match="may not receive the token"):
            client.fetch_url(url, ["incontact.com"], "a report")
        with pytest.raises(ApiError, match="may not receive the token"):
            client.get_url(url, ["incontact.com"])

    assert server.requests == []


@pytest.mark.ci
def test_file_without_content_is_empty():
    """204 is a file without rows."""
    with http_api({"/files": (204, [])}) as server:
        url = f"{server.url}/files"

        with client_of(server.url).fetch_url(url, (), "a report", unwrap=FILE) as spool:
            assert spool.size == 0


@pytest.mark.ci
@pytest.mark.promise("whole-files")
def test_json_that_ends_early_is_no_file():
    """A body without its end is refused, whatever came of it."""
    with http_api({"/files": (200, [b'{"file": "QUJD'])}) as server:
        client = client_of(server.url)

        with pytest.raises(DownloadError, match="is incomplete"):
            client.fetch_url(f"{server.url}/files", (), "a report", unwrap=FILE)


# Parameters and pages


@pytest.mark.ci
@pytest.mark.parametrize("send", ["submit", "post_idempotent"])
def test_parameters_of_a_post_are_its_query(send):
    """A POST may have a query and no body."""
    address = "/jobs?fileType=CSV&startDate=2026-01-01T00%3A00%3A00Z"
    with http_api({address: answer_with({"id": 1})}) as server:
        params = {"fileType": "CSV", "startDate": "2026-01-01T00:00:00Z"}

        response = getattr(client_of(server.url), send)("/jobs", None, params=params)

    assert response.json == {"id": 1}
    assert server.requests == [("POST", address, BEARER)]


@pytest.mark.ci
def test_pages_of_links_are_read_to_the_end():
    """`_links.next` is an absolute URL of the API."""
    with http_api({}) as server:
        second = {"rows": [3], "_links": {"self": "any"}}
        first = {"rows": [1, 2], "_links": {"next": f"{server.url}/rows?page=2"}}
        server.bodies |= {"/rows": answer_with(first), "/rows?page=2": answer_with(second)}
        client = client_of(server.url)

        pages = LinkPaginator("rows").pages(
            lambda url: (client.get_url(url, ()) if url else client.get("/rows")).json
        )
        rows = [row for page in pages for row in page["rows"]]

    assert rows == [1, 2, 3]


@pytest.mark.ci
def test_pages_by_skip_end_without_content():
    """`skip` counts the rows; 204 is a page without rows."""
    with http_api(
        {
            "/rows?skip=0&top=2": answer_with({"rows": [1, 2]}),
            "/rows?skip=2&top=2": answer_with({"rows": [3]}),
            "/rows?skip=3&top=2": (204, []),
        }
    ) as server:
        client = client_of(server.url)
        paginator = OffsetPaginator("rows", lambda page: (len(page), None))

        pages = paginator.pages(
            lambda offset: (
                json_list(client.get("/rows", paginator.params(offset, 2)).json, ["rows"]) or []
            )
        )

        assert [row for page in pages for row in page] == [1, 2, 3]


# Memory


@pytest.mark.promise("constant-memory")
@pytest.mark.slow
@pytest.mark.posix
def test_file_in_json_takes_no_memory():
    """A file of 300 MB takes hardly more memory than one of 3 MB."""
    chunk = base64.b64encode(bytes(range(256)) * 3 * 40)

    def peak(megabytes):
        size = megabytes * 1_000_000 // (256 * 3 * 40)
        chunks = (b'{"file": "', *(chunk for _ in range(size)), b'"}')
        with http_api({"/files": (200, chunks)}) as server:
            command = [sys.executable, "-c", PEAK, server.url, f"{server.url}/files"]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
        written, kilobytes = map(int, done.stdout.split())
        assert written == size * 256 * 3 * 40
        return kilobytes / 1024

    assert peak(300) < peak(3) + 10
