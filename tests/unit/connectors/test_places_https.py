"""HTTPS as a place, against a local TLS server whose certificate is of a CA that only the connection names."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import trustme

from connectors.connections import Connection
from connectors.errors import CredentialsError, PlaceError, UnsafePathError
from connectors.fetching import fetch
from connectors.places import open_place
from connectors.places.base import UNKNOWN_SIZE, ExportFile, Place
from connectors.places.retrying import RetryPolicy, TransientPlaceError

NIGHT = dt.date(2026, 3, 1)
PATTERN = "orders/dt={date}/*.csv*"
HURRY = RetryPolicy(tries=4, first_seconds=0.01, longest_seconds=0.02)
FOLDER = "/exports/shopify/orders/dt=2026-03-01/"
LARGE = bytes(range(256)) * 20_000  # 5 MB


class Web:
    """Files of a web server. faults: (path part, method, what), each once: a status, or "cut"."""

    def __init__(self, authority: trustme.CA) -> None:
        self.files: dict[str, bytes] = {}
        self.pages: dict[str, tuple[str, bytes]] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.faults: list[tuple[str, str, Any]] = []
        self.calls: list[tuple[str, str, str, str]] = []
        self.with_head, self.with_ranges = True, True
        self.authority = authority
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                outer.answer(self, "HEAD")

            def do_GET(self) -> None:
                outer.answer(self, "GET")

            def log_message(self, format: str, *values: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def answer(self, call: BaseHTTPRequestHandler, method: str) -> None:
        wanted = call.headers.get("Range", "")
        self.calls.append((method, call.path, wanted, call.headers.get("Authorization", "")))
        fault = next((f for f in self.faults if f[0] in call.path and f[1] == method), None)
        if fault is not None:
            self.faults.remove(fault)
        path = call.path.partition("?")[0]
        if isinstance(fault and fault[2], int):
            return self._send(call, fault[2], b"", {"Retry-After": "0"} if fault[2] == 429 else {})  # type: ignore[index]
        if method == "HEAD" and not self.with_head:
            return self._send(call, 405, b"", {})
        if path in self.pages:
            kind, content = self.pages[path]
            return self._send(call, 200, content, {"Content-Type": kind})
        if path not in self.files:
            return self._send(call, 404, b"not here", {})
        content = self.files[path]
        headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()[:12]}"', **self.headers.get(path, {})}
        start = int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted and self.with_ranges else 0
        status = 206 if wanted and self.with_ranges else 200
        cut = (len(content) - start) // 2 if fault is not None else None
        return self._send(call, status, content[start:], headers, cut, head=method == "HEAD")

    def _send(
        self, call: BaseHTTPRequestHandler, status: int, content: bytes, headers: dict[str, str],
        cut: int | None = None, head: bool = False,
    ) -> None:  # fmt: skip
        call.send_response(status)
        for name, value in headers.items():
            call.send_header(name, value)
        call.send_header("Content-Length", str(len(content)))
        call.end_headers()
        if not head and call.command != "HEAD":
            call.wfile.write(content[:cut])
        if cut is not None:
            call.close_connection = True

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server.server_port}/exports"

    def connection(self, **changes: Any) -> Connection:
        given: dict[str, Any] = {"login": "loader", "password": "s3cr3t-w0rd", "extra": {}} | changes
        given["extra"] = {"ca": self.authority.cert_pem.bytes().decode(), **given["extra"]}
        return Connection("drop", "http", **given)

    def place(self, connection: Connection | None = None, **options: Any) -> Place:
        return open_place(self.url, connection or self.connection(), policy=HURRY, options=options)


@pytest.fixture(scope="module")
def running() -> Iterator[Web]:
    web = Web(trustme.CA())
    yield web
    web.server.shutdown()
    web.server.server_close()


@pytest.fixture
def web(running: Web) -> Web:
    running.files = {f"{FOLDER}a.csv": b"id\n1\n", f"{FOLDER}b%20c.csv.gz": LARGE, f"{FOLDER}_SUCCESS": b""}
    page = (
        '<html><body><h1>Index</h1><a href="?C=N;O=D">Name</a> <a href="../">Parent</a><a href="/exports/">up</a>'
        f'<a href="a.csv">a.csv</a> <a href="{FOLDER}b%20c.csv.gz">b c</a> <a href="_SUCCESS">m</a>'
        '<a href="sub/">s</a>'
        '<a href="https://elsewhere.example/x.csv">x.csv</a> <a href="%2e%2e%2fsecret.csv">odd</a></body></html>'
    )
    running.pages = {FOLDER: ("text/html; charset=utf-8", page.encode())}
    running.headers, running.faults, running.with_head, running.with_ranges = {}, [], True, True
    running.calls.clear()
    return running


def read(place: Place, file: ExportFile) -> bytes:
    with place.open(file) as source:
        return b"".join(iter(lambda: source.read(1 << 20), b""))


def test_a_folder_page_is_listed_and_files_are_read_with_basic_credentials(web: Web) -> None:
    place = web.place()
    found = place.find("shopify", PATTERN, NIGHT)
    assert [(file.name, file.size_bytes) for file in found] == [("a.csv", 5), ("b c.csv.gz", len(LARGE))]
    assert read(place, found[0]) == b"id\n1\n"
    assert read(place, found[1]) == LARGE
    expected = "Basic " + base64.b64encode(b"loader:s3cr3t-w0rd").decode()
    assert {call[3] for call in web.calls} == {expected}
    assert {call[1] for call in web.calls if call[1].endswith("/")} == {FOLDER}, "other folders were listed"
    assert place.find("shopify", PATTERN, dt.date(2026, 3, 2)) == []
    assert place.find("shopify", "orders/dt={date}/_SUCCESS", NIGHT)[0].size_bytes == 0


def test_json_folder_pages_and_bearer_tokens(web: Web) -> None:
    entries = [{"name": "a.csv", "type": "file", "size": 5}, {"name": "sub", "type": "directory"}, {"name": "../x.csv"}]
    web.pages[FOLDER] = ("application/json", json.dumps(entries).encode())
    place = web.place(web.connection(login="", password="tok-123456"))
    assert [file.name for file in place.find("shopify", PATTERN, NIGHT)] == ["a.csv"]
    assert {call[3] for call in web.calls} == {"Bearer tok-123456"}


def test_a_cut_in_the_middle_is_read_on_from_there(web: Web) -> None:
    place = web.place()
    file = place.find("shopify", PATTERN, NIGHT)[1]
    web.calls.clear()
    web.faults = [("b%20c", "GET", "cut"), ("b%20c", "GET", 500), ("b%20c", "GET", "cut")]
    assert read(place, file) == LARGE
    ranges = [int(call[2].removeprefix("bytes=").removesuffix("-") or 0) for call in web.calls]
    assert ranges == [0, len(LARGE) // 2, len(LARGE) // 2, len(LARGE) * 3 // 4]


def test_a_server_without_ranges_or_head_is_read_all_the_same(web: Web, tmp_path: Any) -> None:
    web.with_ranges = web.with_head = False
    place = web.place()
    file = place.find("shopify", PATTERN, NIGHT)[1]
    assert (file.size_bytes, file.version) == (UNKNOWN_SIZE, "")
    web.faults = [("b%20c", "GET", "cut")]
    assert read(place, file) == LARGE
    fetched = fetch(place, file, "orders", NIGHT, tmp_path)
    assert fetched.size_bytes == len(LARGE)


def test_a_checksum_that_the_server_promises_is_compared(web: Web, tmp_path: Any) -> None:
    right = base64.b64encode(hashlib.sha256(b"id\n1\n").digest()).decode()
    web.headers[f"{FOLDER}a.csv"] = {"Repr-Digest": f"sha-256=:{right}:"}
    place = web.place()
    file = place.find("shopify", PATTERN, NIGHT)[0]
    assert fetch(place, file, "orders", NIGHT, tmp_path).sha256 == hashlib.sha256(b"id\n1\n").hexdigest()
    web.headers[f"{FOLDER}a.csv"] = {"Repr-Digest": f"sha-256=:{base64.b64encode(bytes(32)).decode()}:"}
    with pytest.raises(PlaceError, match="SHA-256"):
        fetch(place, place.find("shopify", PATTERN, NIGHT)[0], "orders", NIGHT, tmp_path)


def test_a_file_that_changes_while_it_is_read_is_noticed(web: Web) -> None:
    place = web.place()
    file = place.find("shopify", PATTERN, NIGHT)[1]
    web.files[f"{FOLDER}b%20c.csv.gz"] = LARGE[::-1]
    with pytest.raises(PlaceError, match="written again"):
        read(place, file)


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_busy_server_is_asked_again(web: Web, status: int) -> None:
    web.faults = [(FOLDER, "GET", status)] * 2 + [("a.csv", "HEAD", status)]
    assert len(web.place().find("shopify", PATTERN, NIGHT)) == 2
    assert web.faults == []
    web.faults = [(FOLDER, "GET", status)] * 9
    with pytest.raises(TransientPlaceError, match=f"HTTP {status}"):
        web.place().find("shopify", PATTERN, NIGHT)
    assert len(web.faults) == 5


@pytest.mark.parametrize(("status", "kind"), [(401, CredentialsError), (403, CredentialsError), (410, PlaceError)])
def test_a_refusal_is_not_tried_again_and_shows_no_secret(web: Web, status: int, kind: type[Exception]) -> None:
    web.faults = [(FOLDER, "GET", status)] * 3
    with pytest.raises(kind, match=f"HTTP {status}") as error:
        web.place().find("shopify", PATTERN, NIGHT)
    assert len(web.faults) == 2
    assert "s3cr3t" not in str(error.value)


def test_an_unknown_certificate_is_refused(web: Web) -> None:
    connection = Connection("drop", "http", login="loader", password="s3cr3t-w0rd")
    with pytest.raises(CredentialsError, match="certificate is not trusted"):
        web.place(connection).find("shopify", PATTERN, NIGHT)
    assert not web.calls, "credentials were sent to a server that nobody vouches for"
    with pytest.raises(CredentialsError, match="without TLS"):
        open_place("http://files.example/exports", connection)


def test_a_list_of_addresses_names_the_files(web: Web) -> None:
    web.files["/exports/shopify/lists/2026-03-01.txt"] = (
        b"# tonight\norders/dt=2026-03-01/a.csv\n" + f"{web.url}/shopify/orders/dt=2026-03-01/b%20c.csv.gz\n".encode()
    )
    place = web.place(index="lists/{date}.txt")
    assert [file.name for file in place.find("shopify", PATTERN, NIGHT)] == ["a.csv", "b c.csv.gz"]
    assert not [call for call in web.calls if call[1] == FOLDER]
    for line in ("https://elsewhere.example/orders/dt=2026-03-01/a.csv", "../secret.csv", "//elsewhere.example/a.csv"):
        web.files["/exports/shopify/lists/2026-03-01.txt"] = line.encode()
        with pytest.raises(UnsafePathError):
            place.find("shopify", PATTERN, NIGHT)
    with pytest.raises(UnsafePathError):
        place.open(ExportFile("shopify", "../../etc/passwd", 5))
