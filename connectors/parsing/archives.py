"""What a delivered file holds: one text, plain or compressed, or the members of a zip archive. Told by content."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Protocol

from connectors.errors import FileRejectedError
from connectors.forms import FileForm
from connectors.parsing.limits import Limits

_GZIP, _ZSTD, _ZIP, _XLS = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_EMPTY_ZIP = b"PK\x05\x06"
_TAR = slice(257, 262)  # where a tar archive says `ustar`
_MOST_MEMBERS = 10_000
_AGAIN = "Nothing of it was loaded. Ask for the file again, and pull this export date again."


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class Budget:
    """How much a file may unpack to; shared by an archive's members. A bomb is stopped while it is being read."""

    name: str
    packed: int
    limits: Limits
    unpacked: int = 0

    def spend(self, size: int) -> None:
        """Count unpacked bytes. Raises FileRejectedError when there are too many."""
        self.unpacked += size
        bound = self.limits.unpacked
        if self.unpacked <= bound:
            many = self.unpacked > self.limits.suspicious
            if not many or self.unpacked <= self.packed * self.limits.ratio:
                return
            what = f"to more than {self.limits.ratio} times its {self.packed:,} bytes: it is no export"
        else:
            what = f"to more than {bound:,} bytes. If it is meant to be so large, raise JOURNEYLINE_MAX_UNPACKED_BYTES"
        raise FileRejectedError(f"{self.name}: unpacks {what}. Reading was stopped and nothing of it was loaded.")


@dataclass(frozen=True, slots=True)
class Content:
    """One text inside a delivered file. name: `orders.csv`, or `audience.zip/subscribed.csv`.

    kind     gzip, zstd or zip; None for a plain file
    set      column → value of all its rows, from the contract's `members`
    """

    name: str
    kind: str | None
    budget: Budget
    _open: Callable[[], Readable]
    set: dict[str, str] = field(default_factory=dict)

    def open(self) -> Readable:
        """Raises FileRejectedError when it cannot be opened."""
        try:
            return self._open()
        except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or f"damaged, or packed in an unusual way: {type(error).__name__}"
            raise FileRejectedError(f"{self.name}: cannot be opened ({reason}). {_AGAIN}") from None

    def read(self, source: Readable, size: int) -> bytes:
        """Up to `size` bytes, fewer only at the end. Raises FileRejectedError for what is damaged or a bomb."""
        parts, missing = [], size
        try:
            while missing and (part := source.read(missing)):
                parts.append(part)
                missing -= len(part)
        except (OSError, EOFError, zipfile.BadZipFile, zlib.error):
            if self.kind is None:
                raise
            raise FileRejectedError(
                f"{self.name}: the {self.kind} file is cut off or damaged: it ends before its text does. {_AGAIN}"
            ) from None
        block = parts[0] if len(parts) == 1 else b"".join(parts)
        if self.kind is not None:
            self.budget.spend(len(block))
        return block

    def refuse_nesting(self, first: bytes) -> None:
        """An archive inside an archive is never unpacked."""
        if self.kind is not None and (first.startswith((_GZIP, _ZSTD, _ZIP)) or first[_TAR] == b"ustar"):
            raise FileRejectedError(
                f"{self.name}: is an archive inside an archive, which is not unpacked. Deliver the text itself, plain,"
                " gzip, or in one zip archive."
            )


def contents(path: Path, name: str, form: FileForm, limits: Limits) -> list[Content]:
    """The texts to read in one delivered file. Raises FileRejectedError."""
    with path.open("rb") as file:
        magic = file.read(4)
    budget = Budget(name, path.stat().st_size, limits)
    if magic in (_ZIP, _EMPTY_ZIP):
        return _members(path, name, form, budget)
    if magic == _XLS:
        raise FileRejectedError(f"{name}: is an old spreadsheet, not a text file. Export it as CSV or JSON lines.")
    if form.members:
        raise FileRejectedError(
            f"{name}: is no zip archive, as the contract says (members): it is cut off at its beginning, or the form"
            f" has changed. {_AGAIN}"
        )
    kind = "gzip" if magic.startswith(_GZIP) else "zstd" if magic == _ZSTD else None
    return [Content(name, kind, budget, lambda: _stream(path, kind))]


def _stream(path: Path, kind: str | None) -> Readable:
    import pyarrow as pa

    return pa.input_stream(os.fspath(path), compression=kind)


def _members(path: Path, name: str, form: FileForm, budget: Budget) -> list[Content]:
    """A zip archive's members that the contract names, in the archive's order; without names, its only file."""
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        raise FileRejectedError(
            f"{name}: the zip archive is cut off or damaged: its table of contents at the end is missing. {_AGAIN}"
        ) from None
    found = [info for info in archive.infolist() if not info.is_dir() and not _is_hidden(info.filename)]
    if any(info.filename == "[Content_Types].xml" for info in found):
        raise FileRejectedError(f"{name}: is a spreadsheet, not a text file. Export it as CSV or JSON lines.")
    if len(found) > _MOST_MEMBERS:
        raise FileRejectedError(f"{name}: holds more than {_MOST_MEMBERS:,} files, which no export does.")
    chosen = [(info, _set_of(info.filename, form)) for info in found] if form.members else [(i, {}) for i in found]
    wanted = [(info, constants) for info, constants in chosen if constants is not None]
    if form.members and not wanted:
        names = ", ".join(form.members)
        raise FileRejectedError(
            f"{name}: none of the {len(found)} files in the archive is named {names}. Ask for the full export, or"
            " correct members in the contract."
        )
    if not form.members and len(found) != 1:
        raise FileRejectedError(
            f"{name}: is a zip archive of {len(found)} files. Write in the contract which of them to read, like"
            ' members: ["subscribed_*.csv"].'
        )
    if any(info.flag_bits & 1 for info, _ in wanted):
        raise FileRejectedError(
            f"{name}: is locked with a password. Deliver it without one, over a place that is safe."
        )
    return [
        Content(f"{name}/{info.filename}", "zip", budget, lambda info=info: archive.open(info), constants)  # type: ignore[misc]
        for info, constants in wanted
    ]


def _is_hidden(member: str) -> bool:
    return member.startswith("__MACOSX/") or member.rsplit("/", 1)[-1].startswith(".")


def _set_of(member: str, form: FileForm) -> dict[str, str] | None:
    """What `members` says for a file of the archive; None when it is not to be read."""
    base = member.rsplit("/", 1)[-1]
    return next((values for pattern, values in form.members.items() if fnmatch(base, pattern)), None)
