"""A small threaded HTTP server on 127.0.0.1 from which the vendors' local servers are made.

    server = VendorServer()                        # with server: … starts and stops it; server.url is its address

    @server.get("/v1/things/{id}")
    def thing(call: Call) -> Answer:               # call.params["id"], call.query, call.headers, call.json()
        return answer({"id": call.params["id"]})

    server.faults.add("/v1/things/*", "truncate", times=1)    # what goes wrong, and how often
    server.calls                                    # every call with its time and status, in order of arrival

Time is a `Clock` that only moves when somebody sleeps on it or a test advances it: give the client the same clock
(`clock.time`, `clock.sleep`) and an hour of throttling takes no time, while `Limit` can still tell who came too early.
"""

from __future__ import annotations

import fnmatch
import json
import re
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

START = 1_767_225_600.0  # 2026-01-01T00:00:00Z


class Clock:
    """Unix seconds that move by `sleep` and `advance` only. Safe to share between threads."""

    def __init__(self, start: float = START) -> None:
        self._now = start
        self._lock = threading.Lock()
        self.slept: list[float] = []

    def time(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self._now += max(seconds, 0.0)

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds


@dataclass(slots=True)
class Call:
    """One request. query: name → values; params: parts of the route; status: 0 = the connection was dropped."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    at: float
    params: dict[str, str] = field(default_factory=dict)
    status: int = 0

    def one(self, name: str, default: str | None = None) -> str | None:
        """The (last) value of a query parameter."""
        values = self.query.get(name)
        return values[-1] if values else default

    def number(self, name: str, default: int) -> int:
        value = self.one(name)
        return int(value) if value is not None else default

    def json(self) -> Any:
        return json.loads(self.body or b"null")

    def form(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(self.body.decode()).items()}

    @property
    def bearer(self) -> str | None:
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token if kind.lower() == "bearer" else None


@dataclass(slots=True)
class Answer:
    """What is sent back. body as bytes, exactly."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """A JSON answer."""
    body = json.dumps(content, ensure_ascii=False).encode()
    return Answer(status, body, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})


def text(content: str, status: int = 200, content_type: str = "text/plain; charset=utf-8") -> Answer:
    return Answer(status, content.encode(), {"Content-Type": content_type})


HTML_ERROR = text(
    "<!DOCTYPE html><html><head><title>Bad Gateway</title></head><body><h1>502</h1>We are sorry.</body></html>",
    502, "text/html; charset=utf-8",
)  # fmt: skip

# drop: connection closed without an answer; cut: fewer bytes than Content-Length says, then closed; truncate: JSON cut
# in half with a right Content-Length; garbage: not JSON at all; html: a 502 page; html200: the same page as 200; hang:
# the answer comes only after `seconds` of real time (give the client a short time-out); answer: `given`
FaultKind = Literal["drop", "cut", "truncate", "garbage", "html", "html200", "hang", "answer"]


@dataclass(slots=True)
class Fault:
    pattern: str
    kind: FaultKind
    times: int
    after: int
    given: Answer | None
    seconds: float
    where: Callable[[Call], bool] | None
    hits: int = 0


class Faults:
    """Things that go wrong on purpose: the first fault whose pattern (and `where`) fits a call takes it."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(
        self, pattern: str, kind: FaultKind = "answer", *, times: int = 1, after: int = 0, given: Answer | None = None,
        seconds: float = 2.0, where: Callable[[Call], bool] | None = None,
    ) -> Fault:  # fmt: skip
        """times: how many calls it hits (-1: all); after: how many fitting calls go well first."""
        fault = Fault(pattern, kind, times, after, given, seconds, where)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        self._faults.clear()

    def take(self, call: Call) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if not fnmatch.fnmatchcase(call.path, fault.pattern) or (fault.where and not fault.where(call)):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                elif fault.times != 0:
                    fault.times -= 1
                    fault.hits += 1
                    return fault
        return None


class Limit:
    """At most `calls` in any `seconds` (sliding window on the clock).

    take() → seconds to wait when the call is one too many, else None. `refused` counts refusals, `early` the calls that
    came although an earlier answer had told the client to wait longer: a client that obeys has none.
    """

    def __init__(self, clock: Clock, calls: int, seconds: float) -> None:
        self.clock, self.calls, self.seconds = clock, calls, seconds
        self.refused = self.early = 0
        self._times: deque[float] = deque()
        self._not_before = 0.0
        self._lock = threading.Lock()

    @property
    def left(self) -> int:
        self._forget()
        return max(self.calls - len(self._times), 0)

    def take(self) -> float | None:
        with self._lock:
            now = self.clock.time()
            if now < self._not_before:
                self.early += 1
            self._forget()
            if len(self._times) < self.calls:
                self._times.append(now)
                return None
            self.refused += 1
            wait = max(self._times[0] + self.seconds - now, 0.001)
            self._not_before = max(self._not_before, now + wait)
            return wait

    def _forget(self) -> None:
        now = self.clock.time()
        while self._times and self._times[0] + self.seconds <= now:
            self._times.popleft()


Route = Callable[[Call], Answer]


class VendorServer:
    """Routes, faults and a log of calls behind a real HTTP server. `before` may answer any call first (authorisation,
    throttling). Use it as a context manager, or start() and stop()."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.faults = Faults()
        self.calls: list[Call] = []
        self.before: list[Callable[[Call], Answer | None]] = []
        self.busiest = 0
        self._busy = 0
        self._routes: list[tuple[str, re.Pattern[str], Route]] = []
        self._lock = threading.Lock()
        self._http: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    def route(self, method: str, path: str) -> Callable[[Route], Route]:
        """Decorator. {name} in the path fits one part, {name*} the rest."""
        parts = re.split(r"(\{\w+\*?\})", path)
        expression = "".join(
            (f"(?P<{part[1:-2]}>.+)" if part.endswith("*}") else f"(?P<{part[1:-1]}>[^/]+)")
            if part.startswith("{")
            else re.escape(part)
            for part in parts
        )

        def add(function: Route) -> Route:
            self._routes.append((method, re.compile(expression), function))
            return function

        return add

    def get(self, path: str) -> Callable[[Route], Route]:
        return self.route("GET", path)

    def post(self, path: str) -> Callable[[Route], Route]:
        return self.route("POST", path)

    @property
    def url(self) -> str:
        assert self._http is not None, "start the server first"
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def calls_to(self, pattern: str) -> list[Call]:
        return [call for call in self.calls if fnmatch.fnmatchcase(call.path, pattern)]

    def start(self) -> VendorServer:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._http.block_on_close = False
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()
        if self._thread is not None:
            self._thread.join(5)

    def __enter__(self) -> VendorServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def reply(self, call: Call) -> Answer:
        """The answer to a call without faults."""
        for check in self.before:
            early = check(call)
            if early is not None:
                return early
        for method, pattern, function in self._routes:
            match = pattern.fullmatch(call.path)
            if match and method == call.method:
                call.params = {name: unquote(value) for name, value in match.groupdict().items()}
                return function(call)
        return answer({"error": "Not found"}, 404)

    def _enter(self, call: Call) -> None:
        with self._lock:
            self.calls.append(call)
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)

    def _leave(self) -> None:
        with self._lock:
            self._busy -= 1


def _handler(server: VendorServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the calls are in server.calls."""

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            size = int(self.headers.get("Content-Length") or 0)
            call = Call(
                self.command, parts.path, parse_qs(parts.query, keep_blank_values=True),
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(size) if size else b"", server.clock.time(),
            )  # fmt: skip
            server._enter(call)
            try:
                self._respond(call)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
            finally:
                server._leave()

        def _respond(self, call: Call) -> None:
            fault = server.faults.take(call)
            kind = fault.kind if fault else None
            if kind == "drop":
                return self._hang_up()
            if fault and kind == "hang":
                time.sleep(fault.seconds)
            if kind in ("html", "html200"):
                given = Answer(502 if kind == "html" else 200, HTML_ERROR.body, HTML_ERROR.headers)
            elif fault and kind == "answer":
                assert fault.given is not None, "a fault of kind answer needs given="
                given = fault.given
            else:
                given = server.reply(call)
            body = given.body
            if kind == "truncate":
                body = body[: max(len(body) // 2, 1)]
            elif kind == "garbage":
                body = b"\x00\xff{]not json"
            call.status = given.status
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if kind == "cut":
                self.wfile.write(body[: len(body) // 2])
                return self._hang_up()
            if self.command != "HEAD":
                self.wfile.write(body)
            return None

        def _hang_up(self) -> None:
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve

    return Handler
