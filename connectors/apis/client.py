"""One connection to one vendor: asks, waits, tries again, and says plainly why it gives up.

httpx carries the requests, tenacity repeats them; this module knows what may be repeated and how long to wait.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from connectors.apis.answers import Answer, Verdict, judge, read_answer, seconds_in
from connectors.apis.auth import Identity
from connectors.apis.clock import Clock, SystemClock
from connectors.apis.connection import base_url, variables_of
from connectors.apis.description import VendorDescription
from connectors.apis.endpoints import Endpoint
from connectors.apis.pacing import Pace
from connectors.apis.rules import Limits
from connectors.connections import Connection
from connectors.errors import ApiAccessError, ApiError
from connectors.parsing.limits import limits as sizes

if TYPE_CHECKING:
    import httpx
    from tenacity import RetryCallState

log = logging.getLogger(__name__)
_LONGEST_PAUSE = 60.0  # between two tries of something broken, seconds


class FewerError(ApiError):
    """The vendor asks for smaller pages."""


class CursorRefusedError(ApiError):
    """A paging cursor or token is not good (any more)."""


class SkippedError(ApiError):
    """What was asked for is gone, or has nothing to show."""


class _Again(Exception):
    """Try once more. seconds: how long to wait before; None = longer each time. broken: this is no matter of pace."""

    def __init__(self, why: str, seconds: float | None, broken: bool) -> None:
        super().__init__(why)
        self.why, self.seconds, self.broken = why, seconds, broken


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask. url: a path below the base address, or a whole one. open_: no identity is sent (signed links)."""

    method: str = "GET"
    url: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    open_: bool = False


@dataclass(slots=True)
class _Effort:
    """What one request has cost so far."""

    where: str
    limits: Limits
    broken: int = 0
    waited: float = 0.0


class ApiClient:
    """Requests to one vendor with one connection. Use as a context manager. clock: for waiting."""

    def __init__(self, description: VendorDescription, connection: Connection, clock: Clock | None = None) -> None:
        import httpx

        # httpx logs every address, and a vendor may want its token there.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self.description, self.connection = description, connection
        self.clock = clock or SystemClock()
        self.variables = variables_of(description, connection)
        self.base = base_url(description, connection, self.variables)
        self.http: httpx.Client = httpx.Client(timeout=60, follow_redirects=False)
        self.identity = Identity(description, connection, self.variables, self.base, self.http, self.clock.time)
        self._paces: dict[Limits, Pace] = {}

    def __enter__(self) -> ApiClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def ask(self, endpoint: Endpoint, request: Request, where: str) -> Answer:
        """A page. where: platform, endpoint and page, for messages.

        Raises ApiAccessError (somebody must act), ApiError (try later), and for the caller to act on FewerError,
        CursorRefusedError, SkippedError.
        """
        answer: Answer = self._try(endpoint, where, lambda: self._page(endpoint, request, where))
        return answer

    def download(self, endpoint: Endpoint, request: Request, target: Path, where: str) -> int:
        """A file, streamed to `target`; returns its size. Raises as `ask`."""
        request = replace(request, headers={"Accept": "*/*", **request.headers})
        size: int = self._try(endpoint, where, lambda: self._file(endpoint, request, target, where))
        return size

    def _try(self, endpoint: Endpoint, where: str, once: Any) -> Any:
        from tenacity import Retrying, retry_if_exception_type

        effort = _Effort(where, self.description.limits_of(endpoint))
        try:
            return Retrying(
                retry=retry_if_exception_type(_Again),
                wait=lambda state: self._seconds(state, effort),
                stop=lambda state: _gives_up(state, effort),
                sleep=self.clock.sleep,
                reraise=True,
            )(once)
        except _Again as again:
            if again.broken:
                raise ApiError(f"{where}: {again.why}, {effort.broken} times. Try again later.") from None
            raise ApiError(
                f"{where}: {again.why}. It asks to wait longer than the {effort.limits.patience_minutes:g} minutes"
                " of patience (limits.patience_minutes). Pull again later."
            ) from None

    def _seconds(self, state: RetryCallState, effort: _Effort) -> float:
        from tenacity import wait_random_exponential

        again = _reason(state)
        seconds = again.seconds
        if seconds is None:
            seconds = max(wait_random_exponential(multiplier=1, max=_LONGEST_PAUSE)(state), 0.1)
        effort.waited += seconds
        log.info("%s: %s; waiting %.0f s", effort.where, again.why, seconds)
        return seconds

    def _page(self, endpoint: Endpoint, request: Request, where: str) -> Answer:
        with self._send(endpoint, request) as (response, pace):
            body = _body(response, where)
            link = response.links.get("next", {}).get("url")
        answer = read_answer(response.status_code, response.headers, body, link)
        pace.note(answer.headers)
        verdict = judge(answer, (*endpoint.errors, *self.description.errors.rules))
        if verdict is None:
            self.identity.accepted()
            return answer
        raise self._trouble(endpoint, answer, verdict, where, pace)

    def _file(self, endpoint: Endpoint, request: Request, target: Path, where: str) -> int:
        import httpx

        with self._send(endpoint, request) as (response, pace):
            if response.status_code == 200:
                size = 0
                try:
                    with target.open("wb") as file:
                        for chunk in response.iter_bytes(1 << 20):
                            file.write(chunk)
                            size += len(chunk)
                except httpx.TransportError as error:
                    raise _Again(f"the download broke off ({type(error).__name__})", None, True) from None
                return size
            body = _body(response, where)
        answer = read_answer(response.status_code, response.headers, body)
        verdict = judge(answer, (*endpoint.errors, *self.description.errors.rules)) or Verdict("stop")
        raise self._trouble(endpoint, answer, verdict, where, pace)

    def _send(self, endpoint: Endpoint, request: Request) -> _Sent:
        headers = {"Accept": "application/json", **self.description.headers, **endpoint.headers, **request.headers}
        url = request.url if "://" in request.url else self.base_of(endpoint) + request.url
        params: dict[str, Any] = dict(request.params)
        if not request.open_:  # a signed link is asked for as it is
            parts = urlsplit(url)
            url, params = parts._replace(query="", fragment="").geturl(), parameters(parts.query) | params
            self.identity.apply(headers, params)
        pace = self._pace(endpoint)
        if (seconds := pace.seconds()) > pace.limits.patience_minutes * 60:
            raise _Again("the vendor asks for fewer calls", seconds, False)
        pace.wait()
        return _Sent(self.http, pace, request.method, url, params, headers, request.body, endpoint.timeout_seconds)

    def base_of(self, endpoint: Endpoint) -> str:
        """The address that an endpoint's paths are below."""
        if endpoint.base_url is None:
            return self.base
        return base_url(self.description, self.connection, self.variables, endpoint.base_url)

    def _pace(self, endpoint: Endpoint) -> Pace:
        limits = self.description.limits_of(endpoint)
        return self._paces.setdefault(limits, Pace(limits, self.clock))

    def _trouble(self, endpoint: Endpoint, answer: Answer, verdict: Verdict, where: str, pace: Pace) -> Exception:
        """The exception that says what an answer without a page means."""
        words = answer.words(self.description.errors.words)
        match verdict.do:
            case "broken":
                kind = "a web page" if answer.body.lstrip()[:1] == b"<" else "no valid JSON"
                return _Again(f"the answer is {kind} ({len(answer.body):,} bytes, {words})", None, True)
            case "retry":
                return _Again(f"the vendor's server failed ({words})", pace.asked_to_wait(answer.headers), True)
            case "throttle":
                asked = verdict.rule.wait_seconds if verdict.rule else None
                asked = asked or pace.asked_to_wait(answer.headers) or seconds_in(answer, verdict.rule)
                seconds = pace.limits.throttle_seconds if asked is None else asked
                return _Again(f"the vendor asks for fewer calls ({words})", seconds, False)
            case "fewer":
                return FewerError(f"{where}: the vendor cannot give so much at once ({words}).")
            case "restart":
                return CursorRefusedError(f"{where}: the vendor does not take the paging cursor ({words}).")
            case "skip":
                return SkippedError(f"{where}: nothing to be had ({words}).")
            case "later":
                return ApiError(f"{where}: the vendor gives no more for now ({words}). {verdict.say}".rstrip())
            case "access":
                if answer.status == 401 and self.identity.renewable and self.identity.forget_once():
                    return _Again(f"the token has ended ({words})", 0.0, True)
                advice = verdict.say or "Renew its token or widen its rights."
                return ApiAccessError(
                    f"{where}: {self.description.title} refuses the connection {self.connection.id} ({words})."
                    f" {advice} Then pull this date again."
                )
            case _:
                advice = verdict.say or (
                    f"The request may be outdated: compare endpoint {endpoint.name} of"
                    f" connectors/apis/vendors/{self.description.platform}.yml with the vendor's documentation."
                )
                return ApiAccessError(f"{where}: the vendor refuses the request ({words}). {advice}")

    def blank_secrets(self, body: bytes) -> bytes:
        """The body without our own secrets: vendors repeat tokens in the addresses of next pages."""
        from urllib.parse import quote

        for secret in self.identity.secrets():
            for text in {secret, quote(secret, safe=""), quote(secret)}:
                body = body.replace(text.encode(), b"***")
        return body

    def next_request(self, endpoint: Endpoint, request: Request, url: str, where: str) -> Request:
        """The request for an address that the vendor gave. Only the vendor's own host is asked with our identity."""
        parts, base = urlsplit(url), urlsplit(self.base_of(endpoint))
        if parts.netloc and parts.netloc != base.netloc:
            raise ApiAccessError(
                f"{where}: the vendor's next page is on another host ({parts.hostname}); it is not asked. Correct"
                f" base_url in connectors/apis/vendors/{self.description.platform}.yml, or the connection's host."
            )
        own = self.identity.own_parameters()
        params = {name: value for name, value in parameters(parts.query).items() if name not in own}
        return replace(request, url=f"{base.scheme}://{base.netloc}{parts.path}", params=params)


def parameters(query: str) -> dict[str, Any]:
    """A query string as parameters; one that is repeated becomes a list."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found[name] = value if name not in found else [*_listed(found[name]), value]
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class _Sent:
    """A request on its way: gives the streaming response, turns network trouble into _Again."""

    def __init__(
        self, http: httpx.Client, pace: Pace, method: str, url: str, params: dict[str, Any], headers: dict[str, str],
        body: Any, timeout: float,
    ) -> None:  # fmt: skip
        request = http.build_request(method, url, params=params or None, headers=headers, json=body, timeout=timeout)
        self.http, self.pace, self.request = http, pace, request
        self.response: httpx.Response | None = None

    def __enter__(self) -> tuple[httpx.Response, Pace]:
        import httpx

        try:
            self.response = self.http.send(self.request, stream=True)
        except httpx.TransportError as error:
            raise _Again(f"the vendor cannot be reached ({type(error).__name__})", None, True) from None
        return self.response, self.pace

    def __exit__(self, *_: object) -> None:
        if self.response is not None:
            self.response.close()


def _body(response: httpx.Response, where: str) -> bytes:
    import httpx

    most, parts, size = sizes().document, [], 0
    try:
        for chunk in response.iter_bytes(1 << 20):
            parts.append(chunk)
            size += len(chunk)
            if size > most:
                raise FewerError(f"{where}: the page is larger than {most:,} bytes.")
    except httpx.TransportError as error:
        raise _Again(f"the answer broke off ({type(error).__name__})", None, True) from None
    except httpx.DecodingError:
        raise _Again("the answer's compression is damaged", None, True) from None
    return b"".join(parts)


def _reason(state: RetryCallState) -> _Again:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, _Again)
    return error


def _gives_up(state: RetryCallState, effort: _Effort) -> bool:
    again = _reason(state)
    if again.broken:
        effort.broken += 1
        return effort.broken >= effort.limits.tries
    return effort.waited + (again.seconds or 0.0) > effort.limits.patience_minutes * 60
