"""Who we are, on every request. Secrets come from the connection and are never written anywhere."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connectors.apis.connection import needed, setting
from connectors.apis.description import VendorDescription
from connectors.apis.templates import at, fill
from connectors.connections import Connection
from connectors.errors import ApiAccessError

if TYPE_CHECKING:
    import httpx

_SHORTEST = 8  # characters; shorter texts are found everywhere
_EARLY = 60  # a token is renewed this many seconds before it ends


@dataclass(slots=True)
class Identity:
    """Headers and parameters of one connection; fetches and renews OAuth tokens."""

    description: VendorDescription
    connection: Connection
    variables: Mapping[str, str]
    base: str
    http: httpx.Client
    now: Any
    _token: str = field(default="", repr=False)
    _ends: float = 0.0
    _used: bool = False  # the token has been good for an earlier request

    def accepted(self) -> None:
        """A request was answered: the token is good."""
        self._used = bool(self._token)

    @property
    def renewable(self) -> bool:
        """Whether a refused token may be fetched anew."""
        return self.description.auth.kind == "oauth2"

    def forget_once(self) -> bool:
        """Drop a token that was refused, so that the next request fetches one; False when it was just fetched."""
        had = self._used
        self._token, self._used = "", False
        return had

    def secrets(self) -> Iterator[str]:
        """Texts that must not appear in files: the secrets that the description names, and a token that was fetched."""
        auth, signing = self.description.auth, self.description.signing
        names = {"password", auth.secret, auth.refresh_token, *([signing.key] if signing else [])}
        for text in (self._token, *(setting(self.connection, name) for name in sorted(names))):
            if len(text) >= _SHORTEST:
                yield text

    def apply(self, headers: dict[str, str], params: dict[str, Any]) -> None:
        """Add what proves who we are. Raises ApiAccessError when the connection has no secret."""
        auth = self.description.auth
        if auth.kind == "none":
            return
        if auth.kind == "basic":
            user = setting(self.connection, auth.user)
            secret = needed(self.connection, auth.secret, "secret")
            headers["Authorization"] = "Basic " + base64.b64encode(f"{user}{auth.prefix}:{secret}".encode()).decode()
            return
        secret = self._oauth() if auth.kind == "oauth2" else needed(self.connection, auth.secret, "secret")
        send = auth.send if auth.kind == "oauth2" else auth.kind
        if send == "bearer":
            headers["Authorization"] = f"Bearer {secret}"
        elif send == "header":
            headers[auth.name] = auth.prefix + secret
        else:
            params[auth.name] = auth.prefix + secret
        signing = self.description.signing
        if signing and (key := setting(self.connection, signing.key)):
            params[signing.parameter] = hmac.new(key.encode(), secret.encode(), hashlib.sha256).hexdigest()

    def own_parameters(self) -> set[str]:
        """Parameters that are made anew on each request, so they are never kept from a vendor's next address."""
        auth, signing = self.description.auth, self.description.signing
        names = set(self.description.forget)
        if auth.kind == "query" or auth.send == "query":
            names.add(auth.name)
        if signing:
            names.add(signing.parameter)
        return names

    def _oauth(self) -> str:
        if self._token and self.now() < self._ends:
            return self._token
        auth, connection = self.description.auth, self.connection
        form: dict[str, str] = {"grant_type": auth.grant}
        headers = {"Accept": "application/json"}
        user, secret = needed(connection, auth.client_id, "client id"), needed(connection, auth.secret, "client secret")
        if auth.client_auth == "basic":
            headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()
        else:
            form |= {"client_id": user, "client_secret": secret}
        if auth.grant == "refresh_token":
            form["refresh_token"] = needed(connection, auth.refresh_token, "refresh token")
        form |= {name: str(fill(text, self.variables)) for name, text in auth.token_form.items()}
        answer = self._ask(form, headers)
        token = at(answer, auth.token_at)
        if not isinstance(token, str) or not token:
            raise ApiAccessError(self._refused("the answer has no token"))
        self._token = token
        lasts = at(answer, "expires_in")
        self._ends = self.now() + (float(lasts) if isinstance(lasts, int | float | str) and lasts else 3600) - _EARLY
        return token

    def _ask(self, form: dict[str, str], headers: dict[str, str]) -> Any:
        import httpx

        auth = self.description.auth
        url = str(fill(auth.token_url, self.variables))
        if given := setting(self.connection, "extra.token_url"):
            url = given
        elif not url.startswith(("http://", "https://")):
            url = self.base + url
        content = {"json": form} if auth.form_as == "json" else {"data": form}
        for tries_left in (2, 1, 0):
            try:
                answer = self.http.post(url, headers=headers, **content)  # type: ignore[arg-type]
            except httpx.TransportError as error:
                if not tries_left:
                    raise ApiAccessError(self._refused(type(error).__name__)) from None
                continue
            if answer.status_code < 500 or not tries_left:
                break
        if answer.status_code != 200:
            word = ""
            with contextlib.suppress(ValueError):
                word = str(at(answer.json(), "error") or "")[:60]
            raise ApiAccessError(self._refused(f"HTTP {answer.status_code} {word}".strip()))
        try:
            return json.loads(answer.content)
        except ValueError:
            raise ApiAccessError(self._refused("the answer is no JSON")) from None

    def _refused(self, why: str) -> str:
        return (
            f"{self.description.platform}: no token could be had for the connection {self.connection.id} ({why})."
            " Check its client id, client secret and refresh token, authorise it again if need be, and pull again."
        )
