"""Exports in a local folder: <root>/<platform>/<pattern of the contract>."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import BinaryIO

from connectors.errors import PlaceError, UnsafePathError
from connectors.places.base import ExportFile, filled, joined


class LocalFolder:
    """A folder as a place of exports. Nothing outside of it is ever read, whatever a path or link says.

    folder: the platform's folder below root; None = its name.
    """

    def __init__(self, root: Path, folder: str | None = None) -> None:
        self.root = root.expanduser().resolve()
        self._folder = folder

    def find(self, platform: str, pattern: str, export_date: dt.date) -> list[ExportFile]:
        base = self._base(platform)
        if not base.is_dir():
            return []
        found = []
        for path in sorted(base.glob(filled(pattern, export_date))):
            inside = self._inside(path)
            if inside.is_file():
                state = inside.stat()
                version = f"{state.st_mtime_ns}-{state.st_size}"
                found.append(ExportFile(platform, path.relative_to(base).as_posix(), state.st_size, version))
        return found

    def open(self, file: ExportFile) -> BinaryIO:
        path = self._inside(self._base(file.platform) / file.path)
        try:
            return path.open("rb")
        except OSError as error:
            raise PlaceError(f"{file.platform}/{file.path}: cannot be read ({error.strerror}).") from None

    def describe(self, platform: str, pattern: str, export_date: dt.date) -> str:
        return f"{self._base(platform)}/{filled(pattern, export_date)}"

    def close(self) -> None:
        """Nothing is held open."""

    def _base(self, platform: str) -> Path:
        return self.root / joined(platform if self._folder is None else self._folder)

    def _inside(self, path: Path) -> Path:
        """The real path, if it is inside the folder of exports."""
        real = path.resolve()
        if not real.is_relative_to(self.root):
            raise UnsafePathError(
                f"{path.name}: the path leads out of the exports folder (through `..` or a link) and is not read."
                " Put the file itself into the folder."
            )
        return real
