"""Exports in a local folder: <root>/<platform>/<pattern of the contract>."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import BinaryIO

from connectors.errors import PlaceError, UnsafePathError
from connectors.places.base import ExportFile, filled

# Files that exporters write beside the data: markers, and files that are still being written.
_NOT_YET = (".tmp", ".part", ".partial", ".crdownload", ".filepart")


class LocalFolder:
    """A folder as a place of exports. Nothing outside of it is ever read, whatever a path or link says."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()

    def find(self, platform: str, pattern: str, export_date: dt.date) -> list[ExportFile]:
        base = self.root / platform
        if not base.is_dir():
            return []
        found = []
        for path in sorted(base.glob(filled(pattern, export_date))):
            if path.name.startswith((".", "_")) or path.name.lower().endswith(_NOT_YET):
                continue
            inside = self._inside(path)
            if inside.is_file():
                found.append(ExportFile(platform, path.relative_to(base).as_posix(), inside.stat().st_size))
        return found

    def open(self, file: ExportFile) -> BinaryIO:
        path = self._inside(self.root / file.platform / file.path)
        try:
            return path.open("rb")
        except OSError as error:
            raise PlaceError(f"{file.platform}/{file.path}: cannot be read ({error.strerror}).") from None

    def describe(self, platform: str, pattern: str, export_date: dt.date) -> str:
        return f"{self.root}/{platform}/{filled(pattern, export_date)}"

    def _inside(self, path: Path) -> Path:
        """The real path, if it is inside the platform's folder of exports."""
        real = path.resolve()
        if not real.is_relative_to(self.root):
            raise UnsafePathError(
                f"{path.name}: the path leads out of the exports folder (through `..` or a link) and is not read."
                " Put the file itself into the folder."
            )
        return real
