"""Manifests beside exports: which files a drop has, how long they are, their checksums and row counts.

Understood: JSON with a list under `files`, `entries` or `parts` (each with path, name, key or url, and what else it
says of size, rows, sha256, times), JSON that is such a list itself, and the text that `sha256sum` writes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from connectors.errors import IncompleteDropError, PlaceError
from connectors.places.base import ExportFile, Place

MOST_BYTES = 64 << 20
# Checksums beside files; never data.
CHECKSUM_FILES = re.compile(r"(SHA256SUMS|MD5SUMS|.+\.(sha256|md5|sha256sum))(\.txt)?", re.IGNORECASE)
_SUM = re.compile(r"\\?([0-9a-fA-F]{64})[ \t]+\*?(.+)")
_PATHS = ("path", "name", "file", "file_name", "filename", "key", "url")
_SIZES = ("size_bytes", "size", "bytes", "content_length", "length")
_ROWS = ("row_count", "rows", "record_count", "records", "num_rows")
_SUMS = ("sha256", "sha_256", "checksum_sha256", "sha256sum")
_CREATED = ("createtime", "create_time", "created_at", "created")
_WINDOW = ("starttime", "start_time", "endtime", "end_time")


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """What a manifest says of one file; None = nothing. window: what span it covers, if the manifest says so."""

    path: str
    size_bytes: int | None = None
    rows: int | None = None
    sha256: str | None = None
    created: str | None = None
    window: tuple[str, ...] = ()


def read_manifest(place: Place, file: ExportFile) -> list[ManifestEntry]:
    """The files that a manifest lists. Raises IncompleteDropError for one cut off, PlaceError for a wrong one."""
    with place.open(file) as source:
        content = source.read(MOST_BYTES + 1)
        while len(content) <= MOST_BYTES and (more := source.read(1 << 20)):  # a raw stream may give less than asked
            content += more
    if len(content) > MOST_BYTES:
        raise PlaceError(f"{file.path}: a manifest of more than {MOST_BYTES >> 20} MB is not read.")
    return parse_manifest(content, file.path)


def parse_manifest(content: bytes, name: str) -> list[ManifestEntry]:
    """The same, of bytes at hand."""
    text = content.decode("utf-8-sig", "replace").strip()
    if not text:
        raise IncompleteDropError(f"{name}: the manifest is empty, so it is still being written. Pull this date again.")
    if text[0] not in "[{":
        return _sums(text, name)
    try:
        data = json.loads(text)
    except ValueError:
        raise IncompleteDropError(
            f"{name}: the manifest is no valid JSON; it is still being written, or cut off. Pull this date again."
        ) from None
    listed: Any = data
    if isinstance(data, dict):
        lists: list[Any] = [data[key] for key in ("files", "entries", "parts") if key in data]
        listed = lists[0] if lists else None
    if not isinstance(listed, list):
        raise PlaceError(f"{name}: the manifest has no list of files; write them under `files`.")
    return [_entry(item, name) for item in listed]


def _sums(text: str, name: str) -> list[ManifestEntry]:
    found = [_SUM.fullmatch(line.strip()) for line in text.splitlines() if line.strip()]
    if None in found:
        raise PlaceError(f"{name}: the manifest is neither JSON nor what sha256sum writes (checksum, blanks, name).")
    return [ManifestEntry(match[2].removeprefix("./"), sha256=match[1].lower()) for match in found if match]


def _entry(item: Any, name: str) -> ManifestEntry:
    if isinstance(item, str):
        return ManifestEntry(_path(item))
    if not isinstance(item, dict):
        raise PlaceError(f"{name}: a file of the manifest is neither a name nor an object with a path.")
    known = {str(key).lower(): value for key, value in {**item, **_meta(item)}.items()}
    path = next((known[key] for key in _PATHS if known.get(key)), None)
    if path is None:
        raise PlaceError(f"{name}: a file of the manifest has no path; write it as `path`.")
    sha256 = next((str(known[key]).lower() for key in _SUMS if known.get(key)), None)
    created = next((str(known[key]) for key in _CREATED if known.get(key)), None)
    window = tuple(str(known[key]) for key in _WINDOW if known.get(key))
    return ManifestEntry(_path(str(path)), _number(known, _SIZES), _number(known, _ROWS), sha256, created, window)


def _meta(item: dict[str, Any]) -> dict[str, Any]:
    """Redshift's unload keeps figures one level down: {"url": …, "meta": {"content_length": …, "record_count": …}}."""
    meta = item.get("meta")
    return meta if isinstance(meta, dict) else {}


def _path(text: str) -> str:
    """The path of a name or address: s3://bucket/a/b → a/b."""
    return unquote(urlsplit(text).path).lstrip("/") if "://" in text else text.removeprefix("./")


def _number(known: dict[str, Any], names: tuple[str, ...]) -> int | None:
    value = next((known[key] for key in names if known.get(key) is not None), None)
    return int(value) if isinstance(value, int | str) and str(value).isdigit() else None
