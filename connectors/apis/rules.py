"""Parts of a vendor's description: who we are, how fast we may be, what errors mean."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Model(BaseModel):
    """Frozen; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Auth(Model):
    """Who we are. secret, login …: `password`, `login`, or `extra.<key>` of the Airflow connection.

    kind    bearer (Authorization: Bearer), header (`name: prefix+secret`), query (?name=secret),
            basic (user and secret), none, oauth2 (a token from token_url by `grant`, sent as `send` says)
    """

    kind: Literal["none", "bearer", "header", "query", "basic", "oauth2"] = "none"
    name: str = ""
    prefix: str = ""
    secret: str = "password"  # noqa: S105 - the name of a field
    user: str = "login"
    grant: Literal["client_credentials", "refresh_token", "password"] = "client_credentials"
    token_url: str = ""
    token_form: dict[str, str] = Field(default_factory=dict)
    form_as: Literal["form", "json"] = "form"
    token_at: str = "access_token"  # noqa: S105 - a path
    client_auth: Literal["body", "basic"] = "body"
    client_id: str = "login"
    refresh_token: str = "extra.refresh_token"  # noqa: S105 - the name of a field
    send: Literal["bearer", "header", "query"] = "bearer"

    @model_validator(mode="after")
    def _complete(self) -> Auth:
        if self.kind in ("header", "query") and not self.name:
            raise ValueError(f"kind {self.kind} needs name: the name of the {self.kind}")
        if self.kind == "oauth2" and not self.token_url:
            raise ValueError("kind oauth2 needs token_url: a path of the vendor, or a whole address")
        if self.kind == "oauth2" and self.send != "bearer" and not self.name:
            raise ValueError(f"send {self.send} needs name")
        return self


class Signing(Model):
    """A parameter that proves that the caller knows the application's secret: hmac-sha256(secret of auth, key), hex."""

    parameter: str
    key: str


class Budget(Model):
    """At most `calls` in any `seconds`."""

    calls: int = Field(gt=0)
    seconds: float = Field(gt=0)


class Usage(Model):
    """A header whose JSON says how much of a limit is used, in percent, at any depth.

    percent      keys that hold percentages
    regain       key that holds how long to wait, in minutes
    slow_above   from here on every call waits `slow_seconds`; pause_above: from here on it waits `pause_seconds`
    """

    header: str
    percent: tuple[str, ...]
    regain: str | None = None
    slow_above: float = 75
    slow_seconds: float = 5
    pause_above: float = 90
    pause_seconds: float = 300


class Remaining(Model):
    """Headers that say how many calls are left, and in how many seconds there will be more."""

    header: str
    reset: str
    below: int = 1


class Limits(Model):
    """How fast we may be. patience_minutes: how long one pull of an object may wait for the vendor, all in all."""

    budgets: tuple[Budget, ...] = ()
    usage: tuple[Usage, ...] = ()
    remaining: tuple[Remaining, ...] = ()
    retry_after: tuple[str, ...] = ("retry-after",)
    throttle_seconds: float = 60
    tries: int = Field(default=5, ge=1, le=20)
    patience_minutes: float = 60


class When(Model):
    """An answer: status (numbers, ranges `500-599`), json (path → values), text in its body. All named must fit.

    Without a status, text is looked for in answers from 400 on only.
    """

    status: tuple[int | str, ...] = ()
    json_: dict[str, tuple[int | str | bool, ...]] = Field(default_factory=dict, alias="json")
    text: str | None = None

    @field_validator("status", mode="before")
    @classmethod
    def _statuses(cls, value: Any) -> Any:
        return value if isinstance(value, list | tuple) else (value,)

    @field_validator("json_", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: found if isinstance(found, list | tuple) else (found,) for key, found in value.items()}

    @field_validator("status")
    @classmethod
    def _ranges(cls, value: tuple[int | str, ...]) -> tuple[int | str, ...]:
        for part in value:
            if isinstance(part, str) and not re.fullmatch(r"\d{3}-\d{3}", part):
                raise ValueError(f"{part!r} is no status; write 429 or 500-599")
        return value

    @model_validator(mode="after")
    def _some(self) -> When:
        if not (self.status or self.json_ or self.text):
            raise ValueError("say when: status, json or text")
        return self


class Bucket(Model):
    """A leaking bucket told in the body: paths of the points needed, of those there, and of those coming per second."""

    need: str
    have: str
    rate: str


class ErrorRule(Model):
    """What an answer means and what is done.

    retry     broken for a moment: try again, waiting longer each time
    throttle  too fast: wait `wait_seconds`, or as the vendor says (headers, else `wait_at` or `bucket` of the
              body), or throttle_seconds, and try again
    fewer     too much asked at once: the same page again, with half the page size
    restart   the paging cursor or token is not good (any more): this window again from the last good time
    skip      this parent is gone or has nothing to show: go on with the next
    later     the allowance of a longer time is used up: stop for now, the night's next try may go on
    access    the vendor does not let us: stop, nothing is tried again; `say` tells what to do
    stop      the request is wrong: stop
    """

    when: When
    do: Literal["retry", "throttle", "fewer", "restart", "skip", "later", "access", "stop"]
    say: str = ""
    wait_at: str | None = None
    bucket: Bucket | None = None
    wait_seconds: float | None = Field(default=None, gt=0)


class Errors(Model):
    """words: paths in an error's body that are told in messages (codes and types, never free text)."""

    words: tuple[str, ...] = ()
    rules: tuple[ErrorRule, ...] = ()
