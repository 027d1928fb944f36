"""S3 on this machine: moto's server, which can refuse some requests."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

BUCKET = "cxone"
_KEYS = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
_REFUSAL = b"<Error><Code>AccessDenied</Code><Message>not now</Message></Error>"


@dataclass
class ObjectStorage:
    """The server.

    Attributes:
        url: Its address.
        refused: Methods of requests that are refused, each once, in this order.
        requests: The method and the query of each request with a body.
    """

    url: str = ""
    refused: list[str] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)

    @property
    def params(self) -> dict[str, Any]:
        """Return what s3fs needs.

        All files share one session. s3fs has a tenth of a second to close a session that is
        garbage. On a busy machine that is too little, and the warning about it fails a test.
        """
        return {
            "key": "key",
            "secret": "secret",
            "client_kwargs": {"endpoint_url": self.url, "region_name": "us-east-1"},
            "config_kwargs": {"retries": {"max_attempts": 1}},
            "use_listings_cache": False,  # other clients change the bucket
        }

    def client(self) -> Any:
        """Return a client of the server."""
        return boto3.client("s3", endpoint_url=self.url, region_name="us-east-1", **_KEYS)

    def objects(self, prefix: str = "") -> dict[str, bytes]:
        """Return the bytes of all objects whose keys start with a text, by key."""
        client = self.client()
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return {key: client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}

    def replace(self, old: Mapping[str, bytes], new: Mapping[str, bytes]) -> None:
        """Delete some objects, then store others."""
        client = self.client()
        for key in old:
            client.delete_object(Bucket=BUCKET, Key=key)
        for key, data in new.items():
            client.put_object(Bucket=BUCKET, Key=key, Body=data)


@contextmanager
def object_storage() -> Iterator[ObjectStorage]:
    """Serve an empty bucket."""
    storage = ObjectStorage()
    application = DomainDispatcherApplication(create_backend_app)

    def serve(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method in {"PUT", "POST"}:
            storage.requests.append((method, environ["QUERY_STRING"]))
        if method in storage.refused:
            storage.refused.remove(method)
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start("403 Forbidden", [("Content-Type", "application/xml")])
            return [_REFUSAL]
        answer: Iterable[bytes] = application(environ, start)
        return answer

    server = make_server("127.0.0.1", 0, serve, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    storage.url = f"http://127.0.0.1:{server.server_port}"
    try:
        storage.client().create_bucket(Bucket=BUCKET)
        storage.replace(storage.objects(), {})  # the servers of one process share their buckets
        storage.requests.clear()
        yield storage
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
