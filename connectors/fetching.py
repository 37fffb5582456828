"""Copies export files into the landing store, where they stay unchanged for ever."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from connectors.errors import IncompleteDropError
from connectors.places import ExportFile, Place
from connectors.places.base import UNKNOWN_SIZE

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file in the landing store. landed_path is relative to JOURNEYLINE_HOME; source_version as the place said it."""

    file_name: str
    path: Path
    landed_path: str
    sha256: str
    size_bytes: int
    source_version: str = ""


def fetch(place: Place, file: ExportFile, object: str, export_date: dt.date, home: Path) -> FetchedFile:
    """Copy one file, working out its SHA-256 on the way. A copy (not a link): the exporter may overwrite its own file.

    The same content is stored once; stored files are read-only. Raises PlaceError (IncompleteDropError when length or
    checksum are not what was promised), OSError (disk).
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
        _compare(file, size, digest.hexdigest())
        stored = folder / f"{digest.hexdigest()[:12]}_{file.name}"
        if stored.exists():
            Path(temporary).unlink()
        else:
            Path(temporary).chmod(0o444)
            Path(temporary).rename(stored)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    landed = stored.relative_to(home).as_posix()
    return FetchedFile(file.path, stored, landed, digest.hexdigest(), size, file.version)


def _compare(file: ExportFile, size: int, sha256: str) -> None:
    """Raises IncompleteDropError when the bytes are not those that the place or a manifest promised."""
    what = f"{file.platform}/{file.path}"
    if file.size_bytes not in (UNKNOWN_SIZE, size):
        raise IncompleteDropError(
            f"{what}: {size:,} bytes came, {file.size_bytes:,} were listed: it is still being written, or was cut off."
            " Pull this date again."
        )
    if file.sha256 and file.sha256.lower() != sha256:
        raise IncompleteDropError(
            f"{what}: its SHA-256 is {sha256[:12]}…, {file.sha256[:12]}… was promised: the copy is damaged, or was"
            " delivered again without its manifest. Nothing of it was read; pull this date again when it is complete."
        )
