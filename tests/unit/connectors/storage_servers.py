"""Local servers that places are tested against: S3 (moto), Google's storage API (gcp-storage-emulator), Azure Blob.

Each is served by `Gate`, which notes the calls and makes the next ones fail as told: a status with headers, or a body
cut in the middle.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from werkzeug.serving import make_server

BUCKET = "acme-exports"


@dataclass
class Fault:
    """The next `times` calls whose path has `path` in it and whose method fits: a status, or a cut body."""

    status: int | None
    times: int = 1
    path: str = ""
    method: str = "GET"
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class Gate:
    """A WSGI application before the storage's own."""

    inner: Callable[..., Iterable[bytes]]
    calls: list[tuple[str, str, dict[str, list[str]], str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        query = environ.get("QUERY_STRING", "")
        self.calls.append((method, path, parse_qs(query), environ.get("HTTP_RANGE", "")))
        fault = next((f for f in self.faults if f.times and f.path in f"{path}?{query}" and f.method == method), None)
        if fault is None:
            body = self.inner(environ, start)
            return [b""] if method == "HEAD" else body
        fault.times -= 1
        if fault.status is not None:
            start(f"{fault.status} Told", [("Content-Length", str(len(fault.body))), *fault.headers])
            return [fault.body]
        return self._cut(environ, start)

    def _cut(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Half of the body under the header of the whole."""
        told: list[Any] = []
        whole = b"".join(self.inner(environ, lambda *parts, **_: told.append(parts)))
        status, headers = told[0][:2]
        kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
        start(status, [*kept, ("Content-Length", str(len(whole)))])
        return [whole[: len(whole) // 2]]


@contextmanager
def served(gate: Gate) -> Iterator[str]:
    """The gate's address while it is served."""
    server = make_server("127.0.0.1", 0, gate, threaded=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


def s3_gate() -> Gate:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    return Gate(DomainDispatcherApplication(create_backend_app))


class Blobs:
    """Azure's Blob service as its REST reference describes it: List Blobs with markers, Get Blob with ranges.

    Signatures are not verified, only that there is one; an account key of another account is refused by name.
    """

    PAGE = 2

    def __init__(self, account: str) -> None:
        self.account = account
        self.blobs: dict[str, bytes] = {}

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"].strip("/").removeprefix(self.account).strip("/")
        query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        if not environ.get("HTTP_AUTHORIZATION", "").startswith(f"SharedKey {self.account}:"):
            return self._error(start, "403 Forbidden", "AuthenticationFailed")
        container, _, name = path.partition("/")
        if container != BUCKET:
            return self._error(start, "404 Not Found", "ContainerNotFound")
        if query.get("comp") == "list":
            return self._list(start, query)
        if not name:
            start("200 OK", [*self._state(b""), ("Content-Length", "0")])
            return [b""]
        return self._get(environ, start, name)

    def _list(self, start: Callable[..., Any], query: dict[str, str]) -> Iterable[bytes]:
        prefix, marker, delimiter = query.get("prefix", ""), query.get("marker", ""), query.get("delimiter", "")
        names = [name for name in sorted(self.blobs) if name.startswith(prefix) and name > marker]
        if delimiter:
            names = [name for name in names if delimiter not in name[len(prefix) :]]
        page, rest = names[: self.PAGE], names[self.PAGE :]
        entries = "".join(
            f"<Blob><Name>{escape(name)}</Name><Properties><Last-Modified>Sun, 01 Mar 2026 03:00:00 GMT</Last-Modified>"
            f"<Etag>0x{abs(hash(self.blobs[name])):X}</Etag><Content-Length>{len(self.blobs[name])}</Content-Length>"
            "<BlobType>BlockBlob</BlobType></Properties></Blob>"
            for name in page
        )
        following = f"<NextMarker>{escape(page[-1])}</NextMarker>" if rest else "<NextMarker/>"
        body = (
            f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="{BUCKET}"><Prefix>'
            f"{escape(prefix)}</Prefix><Blobs>{entries}</Blobs>{following}</EnumerationResults>"
        ).encode()
        start("200 OK", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body]

    def _state(self, content: bytes) -> list[tuple[str, str]]:
        return [
            ("ETag", f'"0x{abs(hash(content)):X}"'), ("Last-Modified", "Sun, 01 Mar 2026 03:00:00 GMT"),
            ("x-ms-blob-type", "BlockBlob"), ("Content-Type", "application/octet-stream"),
        ]  # fmt: skip

    def _get(self, environ: dict[str, Any], start: Callable[..., Any], name: str) -> Iterable[bytes]:
        content = self.blobs.get(name)
        if content is None:
            return self._error(start, "404 Not Found", "BlobNotFound")
        wanted = environ.get("HTTP_X_MS_RANGE") or environ.get("HTTP_RANGE")
        if environ["REQUEST_METHOD"] == "HEAD" or not wanted:
            start("200 OK", [*self._state(content), ("Content-Length", str(len(content)))])
            return [b"" if environ["REQUEST_METHOD"] == "HEAD" else content]
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        part = content[int(first) : int(last) + 1 if last else None]
        span = f"bytes {first}-{int(first) + len(part) - 1}/{len(content)}"
        start("206 Partial", [*self._state(content), ("Content-Range", span), ("Content-Length", str(len(part)))])
        return [part]

    def _error(self, start: Callable[..., Any], status: str, code: str) -> Iterable[bytes]:
        body = f"<?xml version='1.0' encoding='utf-8'?><Error><Code>{code}</Code></Error>".encode()
        start(
            status, [("Content-Type", "application/xml"), ("x-ms-error-code", code), ("Content-Length", str(len(body)))]
        )
        return [body]


class Objects:
    """Google's JSON API as its reference describes it: objects.list with pages, objects.get, media with ranges."""

    PAGE = 2

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        import json

        path = environ["PATH_INFO"]
        query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        media = path.startswith("/download/")
        head, _, name = path.removeprefix("/download").removeprefix("/storage/v1/b/").partition("/o")
        name = name.removeprefix("/")
        if head != BUCKET or (name and name not in self.objects):
            body = json.dumps({"error": {"code": 404, "message": "Not Found"}}).encode()
            start("404 Not Found", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
            return [body]
        if media or query.get("alt") == "media":
            return self._media(environ, start, self.objects[name])
        body = json.dumps(self._resource(name) if name else self._page(query)).encode()
        start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    def _resource(self, name: str) -> dict[str, Any]:
        content = self.objects[name]
        return {
            "kind": "storage#object", "name": name, "bucket": BUCKET, "size": str(len(content)),
            "generation": str(abs(hash(content)) % 10**15), "updated": "2026-03-01T03:00:00Z", "etag": "CJ==",
            "timeCreated": "2026-03-01T03:00:00Z",
        }  # fmt: skip

    def _page(self, query: dict[str, str]) -> dict[str, Any]:
        prefix, token, delimiter = query.get("prefix", ""), query.get("pageToken", ""), query.get("delimiter", "")
        names = [name for name in sorted(self.objects) if name.startswith(prefix) and name > token]
        if delimiter:
            names = [name for name in names if delimiter not in name[len(prefix) :]]
        page, rest = names[: self.PAGE], names[self.PAGE :]
        answer: dict[str, Any] = {"kind": "storage#objects", "items": [self._resource(name) for name in page]}
        return answer | ({"nextPageToken": page[-1]} if rest else {})

    def _media(self, environ: dict[str, Any], start: Callable[..., Any], content: bytes) -> Iterable[bytes]:
        wanted = environ.get("HTTP_RANGE", "")
        if not wanted:
            start("200 OK", [("Content-Length", str(len(content)))])
            return [content]
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        part = content[int(first) : int(last) + 1 if last else None]
        span = f"bytes {first}-{int(first) + len(part) - 1}/{len(content)}"
        start("206 Partial", [("Content-Range", span), ("Content-Length", str(len(part)))])
        return [part]
