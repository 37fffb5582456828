"""What a place of exports can do. A new kind (bucket, SFTP, HTTPS) implements `Place` and is named in `open_place`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from connectors.errors import PlaceError


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One file of a place. path: below the platform's folder, with /; size_bytes as stored there."""

    platform: str
    path: str
    size_bytes: int

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


class Place(Protocol):
    """Lists and opens a platform's export files. Read only."""

    def find(self, platform: str, pattern: str, export_date: dt.date) -> list[ExportFile]:
        """Files that fit a contract's pattern on a date, sorted by path. Raises PlaceError, UnsafePathError."""

    def open(self, file: ExportFile) -> BinaryIO:
        """The file's bytes as a stream. Raises PlaceError, UnsafePathError."""

    def describe(self, platform: str, pattern: str, export_date: dt.date) -> str:
        """Where `find` looks, for messages."""


def filled(pattern: str, export_date: dt.date) -> str:
    """The pattern with its date: {date} → 2026-01-31, {yyyymmdd} → 20260131."""
    return pattern.replace("{date}", export_date.isoformat()).replace("{yyyymmdd}", export_date.strftime("%Y%m%d"))


def open_place(address: str | None = None) -> Place:
    """The place at an address: a folder, or file://…; None = the exports folder of the settings."""
    from connectors.places.folder import LocalFolder
    from warehouse.settings import settings

    if address is None:
        return LocalFolder(settings().exports)
    scheme, mark, rest = address.partition("://")
    if not mark:
        return LocalFolder(Path(address))
    if scheme == "file":
        return LocalFolder(Path(rest))
    raise PlaceError(f"Exports cannot be read from {scheme}:// addresses yet; give a folder.")
