"""Where each platform's exports lie in this installation: sources.yml, named by JOURNEYLINE_SOURCES.

    shopify:        {place: "s3://acme-exports/nightly", connection: shopify_exports}
    zendesk:        {api: true, connection: zendesk}
    point_of_sale:  {}                                     # the exports folder

Platforms that it does not name are not pulled. Without the file: the exports folder, and every platform that has a
contract. What goes where: docs/places.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from connectors.catalogue import active_platforms, read_sources, sources_file
from connectors.contracts import ExportObject, find_object, load_contract
from connectors.deliveries import Delivery
from connectors.errors import ConnectorsError, PlaceError, SourcesError
from connectors.places import ExportFile, Place, kind_of, open_place

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["Source", "active_platforms", "source_at", "source_of"]
_HTTPS_OPTIONS = {"index", "other_hosts"}


class _Entry(BaseModel):
    """One platform of sources.yml.

    place       folder or address; a folder is relative to sources.yml; default: the exports folder
    api         pull from the vendor's API instead
    connection  id of the Airflow connection with the credentials; default for an API: the platform's name
    folder      the platform's folder below the place; default its name, "." = the place itself
    files       object → where its files lie, instead of the contract's patterns (one, or one per form of the contract)
    delivery    how a drop says that it is complete, for all objects; see deliveries.py
    options     index and other_hosts of an https place
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    place: str | None = None
    api: bool = False
    connection: str | None = None
    folder: str | None = None
    files: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    delivery: Delivery = Field(default_factory=Delivery)
    options: dict[str, Any] = Field(default_factory=dict)

    @field_validator("files", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: (found,) if isinstance(found, str) else found for name, found in value.items()}

    @field_validator("place")
    @classmethod
    def _known_kind(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                kind_of(value)
            except PlaceError as error:
                raise ValueError(str(error).removesuffix(".")) from None
        return value

    @field_validator("folder")
    @classmethod
    def _below(cls, value: str | None) -> str | None:
        if value is not None and (value.startswith("/") or ".." in value.split("/") or "\\" in value):
            raise ValueError("must lie below the place; write a relative path, or . for the place itself")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> _Entry:
        if self.api and (self.place or self.folder or self.files):
            raise ValueError("api and place exclude each other; keep one (an API has no folder and no files)")
        kind = None if self.place is None else kind_of(self.place)
        if unknown := set(self.options) - (_HTTPS_OPTIONS if kind == "HTTPS" else set()):
            raise ValueError(
                f"options: {sorted(unknown)[0]!r} is not known here; an https place has index and other_hosts, other"
                " places have none"
            )
        if kind == "SFTP" and not self.connection:
            raise ValueError("an sftp place needs connection: the id of an Airflow connection with login and key")
        if self.connection and kind in (None, "local folder") and not self.api:
            raise ValueError("a folder needs no connection; remove it, or write place: or api: true")
        return self


@dataclass(frozen=True, slots=True)
class Source:
    """Where one platform's exports come from.

    kind      local folder, S3, Google Cloud Storage, Azure Blob, SFTP, HTTPS, or API
    address   of the place; None = the exports folder of the settings, or an API
    patterns  object → where its files lie, instead of the contract's patterns
    """

    platform: str
    kind: str
    address: str | None = None
    connection: str | None = None
    folder: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    delivery: Delivery = field(default_factory=Delivery)
    patterns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def open(self) -> Place:
        """The place. One that cannot be opened (a missing connection) says so whenever it is asked for files."""
        try:
            if self.kind == "API":
                from connectors.apis import ApiPlace

                return ApiPlace(self.connection or self.platform)
            return open_place(self.address, self.connection, folder=self.folder, options=self.options)
        except ConnectorsError as error:
            return _Unreachable(error, self.where)

    def delivery_of(self, export: ExportObject) -> Delivery:
        """How an object's drop says that it is complete: this installation's word, then the contract's."""
        return self.delivery.over(export.delivery)

    def patterns_of(self, export: ExportObject) -> list[str]:
        """Where an object's files lie, one pattern per form of the contract."""
        return list(self.patterns.get(export.name) or [form.pattern for form in export.files])

    @property
    def where(self) -> str:
        """For people; no secrets."""
        if self.kind == "API":
            return f"API ({self.connection or self.platform})"
        if self.address is None:
            from warehouse.settings import settings

            return str(settings().exports)
        return self.address


class _Unreachable:
    """Stands for a place that could not be opened."""

    def __init__(self, error: ConnectorsError, where: str) -> None:
        self._error, self._where = error, where

    def find(self, platform: str, pattern: str, export_date: dt.date) -> list[ExportFile]:
        raise self._error

    def open(self, file: ExportFile) -> BinaryIO:
        raise self._error

    def describe(self, platform: str, pattern: str, export_date: dt.date) -> str:
        return self._where

    def close(self) -> None:
        """Nothing was opened."""


def source_of(platform: str) -> Source:
    """Where a platform's exports lie. Raises SourcesError, also for a platform that sources.yml does not name."""
    path = sources_file()
    if path is None:
        return Source(platform, "local folder")
    found = _sources(path, path.stat().st_mtime_ns if path.exists() else 0)
    if platform not in found:
        raise SourcesError(
            f"{path.name} does not name {platform}, so it is not pulled here; add it, like `{platform}: {{}}`."
        )
    return found[platform]


def source_at(platform: str, address: str) -> Source:
    """A source at an address given by hand: a folder, s3://…, or api://<connection>."""
    scheme, mark, rest = address.partition("://")
    if mark and scheme == "api":
        return Source(platform, "API", connection=rest)
    return Source(platform, kind_of(address), address)


@lru_cache(maxsize=8)
def _sources(path: Path, _changed: int) -> dict[str, Source]:
    """Every source, validated. Raises SourcesError that names file, key and what to write instead."""
    problems: list[str] = []
    found: dict[str, Source] = {}
    for platform, body in (read_sources() or {}).items():
        try:
            entry = _Entry.model_validate({} if body is None else body)
            _check_files(platform, entry)
        except ValidationError as error:
            problems += [_explain(path.name, platform, part) for part in error.errors()]
            continue
        except ValueError as error:
            problems.append(f"{path.name}: {platform}.{error}.")
            continue
        found[platform] = _source(platform, entry, path)
    if problems:
        raise SourcesError("\n".join(problems))
    return found


def _source(platform: str, entry: _Entry, path: Path) -> Source:
    if entry.api:
        return Source(platform, "API", connection=entry.connection or platform, delivery=entry.delivery)
    address = entry.place
    kind = "local folder" if address is None else kind_of(address)
    if address is not None and kind == "local folder":
        address = str(path.parent / Path(address.removeprefix("file://")).expanduser())
    return Source(
        platform, kind, address, entry.connection, entry.folder, entry.options, entry.delivery, entry.files
    )  # fmt: skip


def _check_files(platform: str, entry: _Entry) -> None:
    """Patterns of an installation obey the same rules as a contract's. Raises ValueError."""
    if entry.api:
        from connectors.apis import described

        if platform not in described():
            raise ValueError(f"api: there is no API of {platform} here, only of {', '.join(described())}; write place")
    for name, patterns in entry.files.items():
        if name not in load_contract(platform).objects:
            raise ValueError(f"files.{name}: the contract has no such object")
        forms = find_object(platform, name).files
        if len(patterns) != len(forms):
            raise ValueError(f"files.{name}: the contract has {len(forms)} forms; write a pattern for each of them")
        for pattern in patterns:
            if pattern.startswith("/") or ".." in pattern.split("/") or "\\" in pattern:
                raise ValueError(f"files.{name}: must stay inside the platform's folder")
            if not any(part in pattern for part in ("{date}", "{yyyymmdd}")) and "{dd}" not in pattern:
                raise ValueError(f"files.{name}: must name the export date; write {{date}}, {{yyyymmdd}} or {{dd}}")


def _explain(file: str, platform: str, part: ErrorDetails) -> str:
    where = ".".join(str(step) for step in (platform, *part["loc"]))
    kind = part["type"]
    if kind == "extra_forbidden":
        advice = "is not a key of sources.yml; correct its spelling or remove it"
    elif kind.endswith("_type") and not part["loc"]:
        advice = "must be a mapping, like {place: s3://bucket/exports, connection: my_connection}"
    else:
        advice = part["msg"].removeprefix("Value error, ")
    return f"{file}: {where}: {advice}."
