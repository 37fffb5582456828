"""Exports on a web server: `https://host/folder`.

Which files there are comes from the server's folder pages (Apache, nginx, Caddy; HTML or JSON), or from a list of
addresses, when the source has the option `index` (`index: "lists/{date}.txt"`): one address per line, or JSON; relative
to the place, or absolute. Addresses on other hosts (signed ones) only for hosts of the option `other_hosts`; they are
asked without the connection's credentials.

Connection (Airflow type `http`): login and password = basic; a password alone, or extra `token` = bearer; extra
`headers`, `verify` (path of a CA file, or false), `ca` (the CA's certificate itself).
"""

from __future__ import annotations

import datetime as dt
import email.utils
import ssl
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import quote, unquote, urljoin, urlsplit

from connectors.connections import Connection
from connectors.errors import CredentialsError, PlaceError, UnsafePathError
from connectors.places.base import UNKNOWN_SIZE, ExportFile, checked_path, filled, joined, matcher, walk
from connectors.places.pages import addresses_in, links_in, sha256_in
from connectors.places.retrying import ResumingStream, RetryPolicy, TransientPlaceError

if TYPE_CHECKING:
    import httpx

MOST_INDEX_BYTES = 32 << 20
_LOCAL = ("127.0.0.1", "localhost", "::1")


class HttpsPlace:
    """A folder of a web server, or the addresses that a list there names."""

    def __init__(
        self, address: str, connection: Connection | None, folder: str | None = None,
        policy: RetryPolicy | None = None, index: str | None = None, other_hosts: Sequence[str] = (),
    ) -> None:  # fmt: skip
        parts = urlsplit(address)
        if parts.scheme == "http" and connection is not None and parts.hostname not in _LOCAL:
            raise CredentialsError(f"{address}: credentials are not sent without TLS; write https://.")
        self._root = address.rstrip("/") + "/"
        self._connection, self._folder, self._policy = connection, folder, policy or RetryPolicy()
        self._index, self._other_hosts = index, tuple(other_hosts)
        self._client: httpx.Client | None = None
        self._stranger: httpx.Client | None = None
        self._elsewhere: dict[str, str] = {}  # path → address on another host

    def find(self, platform: str, pattern: str, export_date: dt.date) -> list[ExportFile]:
        wanted = filled(pattern, export_date)
        base = joined(platform if self._folder is None else self._folder)
        if self._index is None:
            paths = sorted(walk(wanted, lambda folder: self._entries(joined(base, folder))))
        else:
            fits = matcher(wanted)
            paths = sorted(path for path in self._listed(base, export_date) if fits.fullmatch(path))

        def head(path: str) -> ExportFile:
            return self._policy.run(lambda: self._head(platform, base, checked_path(path)))

        return [head(path) for path in paths]

    def open(self, file: ExportFile) -> BinaryIO:
        base = joined(file.platform if self._folder is None else self._folder)
        path = checked_path(file.path)
        return cast("BinaryIO", ResumingStream(lambda at: self._read(file, base, path, at), self._policy, path))

    def describe(self, platform: str, pattern: str, export_date: dt.date) -> str:
        base = joined(platform if self._folder is None else self._folder)
        return self._root + joined(base, filled(self._index or pattern, export_date))

    def close(self) -> None:
        for client in (self._client, self._stranger):
            if client is not None:
                client.close()
        self._client = self._stranger = None

    def _entries(self, folder: str) -> list[tuple[str, bool]]:
        """What a folder's page links to; a folder that is not there has nothing."""
        address = self._root + (_quoted(folder) + "/" if folder else "")
        page = self._policy.run(lambda: self._page(address))
        return [] if page is None else links_in(page[0], page[1], address)

    def _listed(self, base: str, export_date: dt.date) -> list[str]:
        """Paths below the platform's folder that the list of addresses names."""
        address = self._root + _quoted(joined(base, filled(self._index or "", export_date)))
        page = self._policy.run(lambda: self._page(address))
        found = []
        start = self._root + (_quoted(base) + "/" if base else "")
        for text in [] if page is None else addresses_in(page[0]):
            whole = urljoin(start, text)
            if whole.startswith(start):
                found.append(checked_path(unquote(urlsplit(whole).path[len(urlsplit(start).path) :])))
                continue
            host = urlsplit(whole).hostname or ""
            if host not in self._other_hosts or urlsplit(whole).scheme != "https":
                raise UnsafePathError(
                    f"The list of addresses names a file outside of {start} (host {host or 'unknown'}). If that is"
                    " meant, write the host under other_hosts of this source; only https is followed."
                )
            path = checked_path(unquote(urlsplit(whole).path).lstrip("/"))
            self._elsewhere[path] = whole
            found.append(path)
        return found

    def _page(self, address: str) -> tuple[str, str] | None:
        """Content type and text of a page; None when there is none."""
        import httpx

        with self._answers(address), self._http(address).stream("GET", address) as response:
            if response.status_code == httpx.codes.NOT_FOUND:
                return None
            self._check(response, address)
            parts, size = [], 0
            for part in response.iter_bytes():
                parts.append(part)
                size += len(part)
                if size > MOST_INDEX_BYTES:
                    raise PlaceError(f"{_shown(address)}: this page is too long to be a list of files.")
            return b"".join(parts).decode("utf-8", "replace"), response.headers.get("content-type", "")

    def _head(self, platform: str, base: str, path: str) -> ExportFile:
        address = self._address(base, path)
        with self._answers(address):
            response = self._http(address).head(address)
            if response.status_code in (405, 501):  # no HEAD here: size and version stay unknown
                return ExportFile(platform, path, UNKNOWN_SIZE)
            self._check(response, address)
        size = response.headers.get("content-length", "")
        return ExportFile(
            platform, path, int(size) if size.isdigit() else UNKNOWN_SIZE, _version(response.headers),
            sha256_in(response.headers),
        )  # fmt: skip

    def _read(self, file: ExportFile, base: str, path: str, offset: int) -> Iterator[bytes]:
        address = self._address(base, path)
        headers = {"Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        with self._answers(address), self._http(address).stream("GET", address, headers=headers) as response:
            self._check(response, address)
            if file.version and _version(response.headers) not in ("", file.version):
                raise PlaceError(f"{path}: was written again after it was listed. Pull this date again.")
            skip = offset if response.status_code == 200 else 0  # a server without ranges sends everything again
            received = offset - skip
            for chunk in response.iter_raw():
                received += len(chunk)
                if skip >= len(chunk):
                    skip -= len(chunk)
                    continue
                yield chunk[skip:]
                skip = 0
            if file.size_bytes != UNKNOWN_SIZE and received < file.size_bytes:
                raise TransientPlaceError(f"{path}: {self._root} sent {received} of {file.size_bytes} bytes.")

    def _address(self, base: str, path: str) -> str:
        return self._elsewhere.get(path) or self._root + _quoted(joined(base, path))

    def _http(self, address: str) -> httpx.Client:
        import httpx

        limits = httpx.Timeout(60, connect=20)
        if not address.startswith(self._root):
            self._stranger = self._stranger or httpx.Client(timeout=limits, follow_redirects=False)
            return self._stranger
        if self._client is None:
            self._client = httpx.Client(
                timeout=limits, follow_redirects=True, verify=_tls(self._connection), auth=_basic(self._connection),
                headers=_headers(self._connection), event_hooks={"request": [self._guard]},
            )  # fmt: skip
        return self._client

    def _guard(self, request: httpx.Request) -> None:
        """A redirect may lead to another host (httpx then leaves out the credentials), but never out of TLS."""
        if request.url.scheme != "https" and self._root.startswith("https:"):
            raise PlaceError(f"{self._root}: the server redirects to an address without TLS; that is not followed.")

    def _check(self, response: httpx.Response, address: str) -> None:
        status = response.status_code
        if status in (401, 403):
            raise CredentialsError(
                f"{_shown(address)}: access was refused (HTTP {status}). Check the connection of this source."
            )
        if status in (408, 425, 429) or status >= 500:
            raise TransientPlaceError(
                f"{_shown(address)}: the server answered HTTP {status}.",
                _seconds(response.headers.get("retry-after"), response.headers.get("date")),
            )
        if status not in (200, 206):
            raise PlaceError(f"{_shown(address)}: the server answered HTTP {status}. Check the address of this source.")

    def _answers(self, address: str) -> _Translated:
        return _Translated(_shown(address))


class _Translated:
    """Turns httpx's errors into this room's; their texts are left out, since they may quote signed addresses."""

    def __init__(self, shown: str) -> None:
        self.shown = shown

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        import httpx

        if isinstance(error, httpx.ConnectError) and "CERTIFICATE" in str(error).upper():
            raise CredentialsError(
                f"{self.shown}: the server's certificate is not trusted. Give the CA as `verify` (a file) or `ca` in"
                " the connection's extra."
            ) from None
        if isinstance(error, httpx.TransportError):
            raise TransientPlaceError(f"{self.shown}: the connection failed ({type(error).__name__}).") from None
        if isinstance(error, httpx.HTTPError | httpx.InvalidURL):
            raise PlaceError(f"{self.shown}: cannot be read ({type(error).__name__}).") from None


def _quoted(path: str) -> str:
    """A path as servers write it in their own links: what may stay as it is stays."""
    return quote(path, safe="/=:@!$&'()*+,;~")


def _shown(address: str) -> str:
    """An address for messages: without query, which may hold a signature."""
    return address.partition("?")[0]


def _version(headers: Mapping[str, str]) -> str:
    return headers.get("etag", "").removeprefix("W/").strip('"') or headers.get("last-modified", "")


def _seconds(retry_after: str | None, now: str | None) -> float | None:
    """Retry-After as seconds: a number, or a time, which is compared with the server's own clock."""
    if not retry_after:
        return None
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        until, since = email.utils.parsedate_to_datetime(retry_after), email.utils.parsedate_to_datetime(now or "")
    except (TypeError, ValueError):
        return None
    return max(0.0, (until - since).total_seconds())


def _tls(connection: Connection | None) -> ssl.SSLContext | bool:
    if connection is None:
        return True
    if certificate := connection.option("ca"):
        return ssl.create_default_context(cadata=str(certificate))
    verify = connection.option("verify")
    if verify is None or str(verify).lower() == "true":
        return True
    if str(verify).lower() == "false":
        return False
    return ssl.create_default_context(cafile=str(Path(str(verify)).expanduser()))


def _basic(connection: Connection | None) -> tuple[str, str] | None:
    return (connection.login, connection.password) if connection and connection.login else None


def _headers(connection: Connection | None) -> dict[str, str]:
    if connection is None:
        return {}
    token = connection.option("token") or (connection.password if not connection.login else "")
    given = {str(name): str(value) for name, value in dict(connection.option("headers") or {}).items()}
    return ({"Authorization": f"Bearer {token}"} if token else {}) | given
