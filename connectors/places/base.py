"""What a place of exports can do. A new kind implements `Place` in a module of its own and is named in `opening.py`."""

from __future__ import annotations

import datetime as dt
import fnmatch
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from connectors.errors import UnsafePathError

UNKNOWN_SIZE = -1
# Names of files that are still being written, as exporters and transfer programs call them.
_NOT_YET = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".filepart", ".inprogress")
_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One file of a place.

    path        below the platform's folder, with /
    size_bytes  as stored there; UNKNOWN_SIZE when the place does not say
    version     what tells this content from an earlier one of the same path (ETag, generation, or time of change); may
                be empty where the place knows nothing of the kind
    sha256      what the place or a manifest says the content's SHA-256 is; fetching compares
    """

    platform: str
    path: str
    size_bytes: int
    version: str = ""
    sha256: str | None = None

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def folder(self) -> str:
        """Folder of the file below the platform's folder; empty for the platform's folder itself."""
        return self.path.rpartition("/")[0]


class Place(Protocol):
    """Lists and opens a platform's export files. Read only; nothing outside of its root is ever read."""

    def find(self, platform: str, pattern: str, export_date: dt.date) -> list[ExportFile]:
        """Files that fit a contract's pattern on a date, sorted by path, markers included (see `is_data`).

        Only the part of the place that the date's pattern names is listed. Raises PlaceError, UnsafePathError,
        CredentialsError.
        """

    def open(self, file: ExportFile) -> BinaryIO:
        """The file's bytes as a stream of bounded memory. Raises PlaceError, UnsafePathError."""

    def describe(self, platform: str, pattern: str, export_date: dt.date) -> str:
        """Where `find` looks, for messages; no secrets."""

    def close(self) -> None:
        """Give back connections. A place can be used again afterwards."""


def filled(pattern: str, export_date: dt.date) -> str:
    """The pattern with its date: {date} → 2026-01-31, {yyyymmdd} → 20260131, {yyyy}, {mm}, {dd}."""
    parts = {
        "{date}": export_date.isoformat(), "{yyyymmdd}": export_date.strftime("%Y%m%d"),
        "{yyyy}": f"{export_date:%Y}", "{mm}": f"{export_date:%m}", "{dd}": f"{export_date:%d}",
    }  # fmt: skip
    for name, value in parts.items():
        pattern = pattern.replace(name, value)
    return pattern


def is_data(name: str) -> bool:
    """Whether a file is an export's data: no marker or hidden file, and not one that is still being written."""
    return not name.startswith((".", "_")) and not name.lower().endswith(_NOT_YET)


def is_wild(text: str) -> bool:
    """Whether a pattern's part has wildcards."""
    return _WILD.search(text) is not None


def fixed_part(pattern: str) -> str:
    """What all paths that fit the pattern begin with: the listing is asked for this only."""
    found = _WILD.search(pattern)
    return pattern if found is None else pattern[: found.start()]


def matcher(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression: `*`, `?` and `[…]` within one folder, `**` over any number of folders."""
    segments = ["(?:[^/]+/)*" if part == "**" else _segment(part) + "/" for part in pattern.split("/")]
    return re.compile("".join(segments).removesuffix("/"), re.DOTALL)


def _segment(text: str) -> str:
    """One folder's part of a pattern as a regular expression."""
    made, at = [], 0
    while at < len(text):
        character = text[at]
        closing = text.find("]", at + 2) if character == "[" else -1
        if closing > 0:
            inside = text[at + 1 : closing]
            negated, inside = inside[0] in "!^", inside[1:] if inside[0] in "!^" else inside
            made.append(
                f"[{'^/' if negated else ''}{inside.replace(chr(92), chr(92) * 2).replace('[', chr(92) + '[')}]"
            )
            at = closing + 1
            continue
        made.append({"*": "[^/]*", "?": "[^/]"}.get(character, re.escape(character)))
        at += 1
    return "".join(made)


def walk(pattern: str, entries: Callable[[str], list[tuple[str, bool]]]) -> Iterator[str]:
    """Paths of files that fit a pattern in a place that lists one folder at a time.

    entries: folder → (name, is a folder) of what lies in it; called for folders only that the pattern can reach.
    """
    head, *rest = pattern.split("/")
    yield from _walk("", head, rest, entries)


def _walk(folder: str, head: str, rest: list[str], entries: Callable[[str], list[tuple[str, bool]]]) -> Iterator[str]:
    if rest and not is_wild(head):
        yield from _walk(joined(folder, head), rest[0], rest[1:], entries)
        return
    for name, is_folder in sorted(entries(folder)):
        if head == "**":
            if is_folder:
                yield from _walk(joined(folder, name), "**", rest, entries)
            elif len(rest) == 1 and fnmatch.fnmatchcase(name, rest[0]):
                yield joined(folder, name)
        elif is_folder == bool(rest) and fnmatch.fnmatchcase(name, head):
            if rest:
                yield from _walk(joined(folder, name), rest[0], rest[1:], entries)
            else:
                yield joined(folder, name)


def joined(*parts: str) -> str:
    """Path parts with one / between them; empty ones and `.` count for nothing."""
    return "/".join(part.strip("/") for part in parts if part.strip("/") not in ("", "."))


def checked_path(path: str) -> str:
    """The path, if it stays below the folder it is relative to. Raises UnsafePathError."""
    if path.startswith("/") or "\\" in path or "\0" in path or ".." in path.split("/"):
        raise UnsafePathError(
            f"{path.rsplit('/', 1)[-1]!r}: the path leads out of the exports folder (through `..`, `/` or `\\`) and is"
            " not read. Put the file itself into the folder."
        )
    return path
