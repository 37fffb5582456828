"""Copies export files into the landing store, where they stay unchanged for ever."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from connectors.places import ExportFile, Place

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file in the landing store. landed_path is relative to JOURNEYLINE_HOME."""

    file_name: str
    path: Path
    landed_path: str
    sha256: str
    size_bytes: int


def fetch(place: Place, file: ExportFile, object: str, export_date: dt.date, home: Path) -> FetchedFile:
    """Copy one file, working out its SHA-256 on the way. A copy (not a link): the exporter may overwrite its own file.

    The same content is stored once; stored files are read-only. Raises PlaceError, OSError (disk).
    """
    folder = home / "landing" / file.platform / object / f"dt={export_date.isoformat()}"
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".fetch-")
    try:
        size = 0
        with os.fdopen(handle, "wb") as target, place.open(file) as source:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                target.write(chunk)
                size += len(chunk)
        stored = folder / f"{digest.hexdigest()[:12]}_{file.name}"
        if stored.exists():
            Path(temporary).unlink()
        else:
            Path(temporary).chmod(0o444)
            Path(temporary).rename(stored)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return FetchedFile(file.path, stored, stored.relative_to(home).as_posix(), digest.hexdigest(), size)
