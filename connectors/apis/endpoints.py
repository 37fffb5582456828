"""Parts of a vendor's description: what is asked for, how pages follow each other, from where a night goes on."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from connectors.apis.rules import ErrorRule, Limits, Model
from connectors.apis.templates import duration


class PageSize(Model):
    """param: name of the parameter; value: what we ask for; least: how far it is halved on `fewer`."""

    param: str
    value: int = Field(gt=0)
    least: int = Field(default=1, gt=0)
    into: Literal["query", "body"] = "query"


class Stop(Model):
    """The page is the last one when the value at `at` is one of `in`."""

    at: str
    values: tuple[Any, ...] = Field(alias="in")


class Paging(Model):
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


class Incremental(Model):
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


class Lacking(Model):
    """Paths of a number and of a list in a record."""

    total: str
    list_: str = Field(alias="list")


class Parents(Model):
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


class Endpoint(Model):
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
