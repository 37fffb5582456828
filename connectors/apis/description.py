"""How a vendor gives its data: `vendors/<platform>.yml` read into frozen, validated models. Format: README.md here."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from connectors.apis.templates import duration, names_in
from connectors.contracts import _explain, _UniqueLoader
from connectors.errors import ContractError

VENDORS = Path(__file__).parent / "vendors"
_WORD = re.compile(r"[a-z][a-z0-9_]*")
# Values that every template may use, beside the vendor's variables, the account and fields of parents.
GIVEN = {"since", "until", "token", "export_date", "page_size"}


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Auth(_Model):
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


class Signing(_Model):
    """A parameter that proves that the caller knows the application's secret: hmac-sha256(secret of auth, key), hex."""

    parameter: str
    key: str


class Budget(_Model):
    """At most `calls` in any `seconds`."""

    calls: int = Field(gt=0)
    seconds: float = Field(gt=0)


class Usage(_Model):
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


class Remaining(_Model):
    """Headers that say how many calls are left, and in how many seconds there will be more."""

    header: str
    reset: str
    below: int = 1


class Limits(_Model):
    """How fast we may be. patience_minutes: how long one pull of an object may wait for the vendor, all in all."""

    budgets: tuple[Budget, ...] = ()
    usage: tuple[Usage, ...] = ()
    remaining: tuple[Remaining, ...] = ()
    retry_after: tuple[str, ...] = ("retry-after",)
    throttle_seconds: float = 60
    tries: int = Field(default=5, ge=1, le=20)
    patience_minutes: float = 60


class When(_Model):
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


class Bucket(_Model):
    """A leaking bucket told in the body: paths of the points needed, of those there, and of those coming per second."""

    need: str
    have: str
    rate: str


class ErrorRule(_Model):
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


class Errors(_Model):
    """words: paths in an error's body that are told in messages (codes and types, never free text)."""

    words: tuple[str, ...] = ()
    rules: tuple[ErrorRule, ...] = ()


class PageSize(_Model):
    """param: name of the parameter; value: what we ask for; least: how far it is halved on `fewer`."""

    param: str
    value: int = Field(gt=0)
    least: int = Field(default=1, gt=0)
    into: Literal["query", "body"] = "query"


class Stop(_Model):
    """The page is the last one when the value at `at` is one of `in`."""

    at: str
    values: tuple[Any, ...] = Field(alias="in")


class Paging(_Model):
    """How the next page is found.

    kind   none; next_url (address at `at`); link_header (rel=next); cursor (value at `at` goes into `param`);
           last_id (`at` of the last record goes into `param`); offset (records so far go into `param`);
           page_number (`first`, +1 …)
    into   query or body: where `param` goes (a dotted path in a body)
    stop   a sign on the page that it is the last
    short  a page with fewer records than asked for is the last (always so for offset and page_number without a total)
    total  path of the number of all records
    most   the vendor gives no more than this many records per window: the window begins again at the newest time seen
           (the records must then be asked for in ascending order of incremental.field)
    older  the list is sorted newest first by this field of the records: a page of which all records are older than
           `since` is the last
    """

    kind: Literal["none", "next_url", "link_header", "cursor", "last_id", "offset", "page_number"] = "none"
    at: str = ""
    param: str = ""
    into: Literal["query", "body"] = "query"
    keep: bool = True
    first: int = 0
    stop: Stop | None = None
    short: bool = False
    total: str | None = None
    most: int | None = None
    older: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Paging:
        if self.kind in ("next_url", "cursor", "last_id") and not self.at:
            raise ValueError(f"kind {self.kind} needs at: the path where it is found")
        if self.kind in ("cursor", "last_id", "offset", "page_number") and not self.param:
            raise ValueError(f"kind {self.kind} needs param: the parameter it goes into")
        return self


class Incremental(_Model):
    """From where the next night goes on.

    kind       time: the newest `field` of the records (or of the page, `in: page`) is the cursor, `${since}` = cursor −
               look_back. days: the export date is the cursor, `${since}` and `${until}` are days (until is `until_days`
               behind the last day read, so it is exclusive by default), in windows of at most `window_days`.
               token: the vendor's own cursor at `field` of the page is `${token}`; the newest time (`time_field`) is
               kept beside it for when the token is refused
    write      spelling of since and until: iso, iso_ms, unix, unix_ms, date, or a strftime pattern
    look_back  what is read again each night (2d, 1h, 1s)
    first      how far the first pull goes back from the export date (730d), a date, or `beginning` (no `${since}`)
    reach      the vendor keeps no more than this (90d): since is never older
    """

    kind: Literal["time", "days", "token"]
    field: str = ""
    in_: Literal["records", "page"] = Field(default="records", alias="in")
    time_field: str = ""
    write: str = "iso"
    look_back: str = "0s"
    first: str = "beginning"
    reach: str | None = None
    window_days: int | None = Field(default=None, gt=0)
    until_days: int = 1

    @field_validator("look_back", "reach")
    @classmethod
    def _durations(cls, value: str | None) -> str | None:
        if value is not None:
            duration(value)
        return value

    @field_validator("first", mode="before")
    @classmethod
    def _start(cls, value: Any) -> Any:
        text = str(value)
        if text != "beginning" and not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            duration(text)
        return text

    @model_validator(mode="after")
    def _complete(self) -> Incremental:
        if self.kind != "days" and not self.field:
            raise ValueError(f"kind {self.kind} needs field")
        if self.kind == "days" and self.first == "beginning":
            raise ValueError("kind days needs first: how far the first pull goes back, like 730d")
        return self


class Lacking(_Model):
    """Paths of a number and of a list in a record."""

    total: str
    list_: str = Field(alias="list")


class Parents(_Model):
    """The endpoint is asked once per record of another endpoint (which is pulled first).

    fields         name → path in the parent's record; the names may be used as `${name}`
    changed_since  path of a time in the parent's record: parents older than `${since}` are left out
    within         the same path → how far back from the export date it may lie (send_time: 180d)
    when           path → values that a parent's record must have there ("+": a number above zero, "*": anything)
    lacking        the parent's record says a number (`total`) and brings a list (`list`): only when the list is shorter
    batch          ask for so many parents at once: their only field is joined by commas
    """

    endpoint: str
    fields: dict[str, str] = Field(min_length=1)
    changed_since: str | None = None
    within: dict[str, str] = Field(default_factory=dict)
    lacking: Lacking | None = None
    batch: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _one_field(self) -> Parents:
        if self.batch > 1 and len(self.fields) != 1:
            raise ValueError("batch needs exactly one field")
        return self

    when: dict[str, tuple[Any, ...]] = Field(default_factory=dict)

    @field_validator("within")
    @classmethod
    def _durations(cls, value: dict[str, str]) -> dict[str, str]:
        for text in value.values():
            duration(text)
        return value


class Endpoint(_Model):
    """One kind of request, whose pages are the files of one folder of the contract.

    folder    first part of the patterns of contracts/<platform>.yml that read these pages; absent: pages are only kept
              for the endpoints whose parents they hold
    base_url  where the vendor answers this endpoint from another host than the others
    strategy  pages (below), or the name of a Python strategy for vendors that make files (strategies/)
    params    query parameters; one that needs a value that is not there (`${since}` at the first pull) is left out
    body      JSON body of a POST
    records   path of the records in a page
    each      name → values: the requests are made once per value (`${name}`)
    wrap      how a page is written when the record alone does not say whose it is: {id: "${parent_id}", messages: page}
    options   what the strategy needs
    """

    name: str = ""
    description: str = ""
    folder: str | None = None
    strategy: str = "pages"
    base_url: str | None = None
    method: Literal["GET", "POST"] = "GET"
    path: str = ""
    params: dict[str, Any] = Field(default_factory=dict)
    body: Any = None
    headers: dict[str, str] = Field(default_factory=dict)
    records: str = ""
    page_size: PageSize | None = None
    paging: Paging = Field(default_factory=Paging)
    incremental: Incremental | None = None
    parents: Parents | None = None
    each: dict[str, tuple[Any, ...]] = Field(default_factory=dict)
    wrap: dict[str, str] = Field(default_factory=dict)
    errors: tuple[ErrorRule, ...] = ()
    limits: Limits | None = None
    timeout_seconds: float = 60
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Endpoint:
        if self.strategy == "pages" and not self.path:
            raise ValueError("path is missing; add it")
        if self.wrap and list(self.wrap.values()).count("page") != 1:
            raise ValueError("wrap needs exactly one key with the value page")
        if self.paging.most and (self.incremental is None or self.incremental.kind != "time"):
            raise ValueError("paging.most needs an incremental of kind time")
        return self


class Accounts(_Model):
    """The connection may hold several accounts: `extra` is the key of its extra that lists them (or has one)."""

    variable: str
    extra: str


class Part(_Model):
    """A value that is part of another of the connection: what stands in `of` behind the last `after`."""

    of: str
    after: str = Field(min_length=1)


class VendorDescription(_Model):
    """Everything about how one platform's data are asked for over HTTP.

    extends    a file `_<name>.yml` beside this one whose top-level keys hold where this file has none (one vendor,
               several platforms)
    variables  name → default, null: the connection must have it (login, schema, or a key of its extra), or a part of
               another value of the connection
    forget     query parameters that never go into files and states (tokens that vendors echo in addresses)
    """

    platform: str
    extends: str | None = None
    title: str
    base_url: str
    variables: dict[str, str | Part | None] = Field(default_factory=dict)
    accounts: Accounts | None = None
    auth: Auth = Field(default_factory=Auth)
    signing: Signing | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    limits: Limits = Field(default_factory=Limits)
    errors: Errors = Field(default_factory=Errors)
    forget: tuple[str, ...] = ()
    endpoints: dict[str, Endpoint] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _name_endpoints(cls, value: Any) -> Any:
        endpoints = value.get("endpoints") if isinstance(value, dict) else None
        if isinstance(endpoints, dict):
            named = {k: {**body, "name": k} if isinstance(body, dict) else body for k, body in endpoints.items()}
            return {**value, "endpoints": named}
        return value

    @model_validator(mode="after")
    def _consistent(self) -> VendorDescription:
        known = GIVEN | set(self.variables) | ({self.accounts.variable} if self.accounts else set())
        for endpoint in self.endpoints.values():
            if not _WORD.fullmatch(endpoint.name):
                raise ValueError(f"endpoint {endpoint.name!r}: write lower-case words joined by _")
            own = known | set(endpoint.each)
            if endpoint.parents:
                if endpoint.parents.endpoint not in self.endpoints:
                    raise ValueError(f"{endpoint.name}: there is no endpoint {endpoint.parents.endpoint!r}")
                own |= set(endpoint.parents.fields)
            used = names_in([endpoint.path, endpoint.params, endpoint.body, endpoint.headers, endpoint.wrap])
            if endpoint.strategy == "pages" and used - own:
                name = sorted(used - own)[0]
                raise ValueError(f"{endpoint.name}: ${{{name}}} is none of {', '.join(sorted(own))}")
            self._no_circle(endpoint)
        return self

    def _no_circle(self, endpoint: Endpoint) -> None:
        seen = {endpoint.name}
        parents = endpoint.parents
        while parents is not None:
            if parents.endpoint in seen:
                raise ValueError(f"{endpoint.name}: its parents lead back to itself")
            seen.add(parents.endpoint)
            parents = self.endpoints[parents.endpoint].parents

    def feeding(self, folder: str) -> list[Endpoint]:
        """Endpoints whose pages lie in this folder."""
        return [endpoint for endpoint in self.endpoints.values() if endpoint.folder == folder]

    def limits_of(self, endpoint: Endpoint) -> Limits:
        return endpoint.limits or self.limits


class _Loader(_UniqueLoader):
    """The contracts' loader, with YAML's merge key (`<<: *name`); a merged key may not be written again."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        self.flatten_mapping(node)
        return super().construct_mapping(node, deep)


def read_description(path: Path) -> VendorDescription:
    """Read and check one description. Raises ContractError that names file, key and what to write instead."""
    name = f"apis/vendors/{path.name}"
    data = _read_yaml(path)
    if isinstance(data.get("extends"), str):
        data = {**_read_yaml(path.with_name(f"_{data['extends']}.yml")), **data}
    try:
        found = VendorDescription.model_validate(data)
    except ValidationError as error:
        raise ContractError("\n".join(_explain(name, part) for part in error.errors())) from None
    if found.platform != path.stem:
        raise ContractError(f"{name}: platform is {found.platform!r}; write `platform: {path.stem}`.")
    return found


def _read_yaml(path: Path) -> dict[str, Any]:
    name = f"apis/vendors/{path.name}"
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ContractError(f"{name}: cannot be read: {' '.join(str(error).split())[:300]}") from None
    if not isinstance(data, dict):
        raise ContractError(f"{name}: is empty or no mapping; begin with `platform: {path.stem}`.")
    return data


@lru_cache(maxsize=64)
def _cached(path: Path, _changed: int) -> VendorDescription:
    return read_description(path)


def described() -> list[str]:
    """Platforms whose vendor's API is described, sorted."""
    return sorted(path.stem for path in VENDORS.glob("[!_]*.yml"))


def load_description(platform: str) -> VendorDescription:
    """How a platform's vendor gives its data. Raises ContractError when nobody has described it, or wrongly."""
    if platform not in described():
        raise ContractError(
            f"{platform} cannot be pulled over its vendor's API: there is no connectors/apis/vendors/{platform}.yml;"
            f" described are {', '.join(described())}."
        )
    path = VENDORS / f"{platform}.yml"
    return _cached(path, max(file.stat().st_mtime_ns for file in (path, *VENDORS.glob("_*.yml"))))
