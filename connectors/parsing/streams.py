"""Any export file as a stream of UTF-8 bytes: plain, gzip or zstd (told by content, not by name), any encoding."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.errors import FileRejectedError

if TYPE_CHECKING:
    import pyarrow as pa

_GZIP, _ZSTD, _ZIP, _XLS = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
_PEEK = 4096


class TextStream:
    """Blocks of UTF-8 text of one file, without BOM. Raises FileRejectedError for what cannot be read."""

    def __init__(self, path: Path, name: str, encoding: str = "utf-8", block: int = 8 << 20) -> None:
        self.path, self.name, self.block = path, name, block
        self.compression = _compression(path, name)
        self.encoding = encoding

    def __iter__(self) -> Iterator[bytes]:
        with self._open() as source:
            first = self._read(source, max(self.block, _PEEK))
            encoding, skip = _detect(first, self.encoding)
            first = first[skip:]
            if encoding == "utf-8":
                while first:
                    yield first
                    first = self._read(source, self.block)
                return
            decoder = codecs.getincrementaldecoder(encoding)()
            block = first
            try:
                while block:
                    text = decoder.decode(block)
                    if text:
                        yield text.encode("utf-8")
                    block = self._read(source, self.block)
                rest = decoder.decode(b"", final=True)
            except UnicodeError as error:
                raise FileRejectedError(
                    f"{self.name}: the text is not {encoding} ({getattr(error, 'reason', error)}). Ask for the file in"
                    " UTF-8, or write its encoding in the contract (encoding: windows-1252, utf-16 …)."
                ) from None
            if rest:
                yield rest.encode("utf-8")

    def _open(self) -> pa.NativeFile:
        import pyarrow as pa

        try:
            return pa.input_stream(os.fspath(self.path), compression=self.compression)
        except OSError as error:
            raise FileRejectedError(f"{self.name}: cannot be opened ({error.strerror or 'unreadable'}).") from None

    def _read(self, source: pa.NativeFile, size: int) -> bytes:
        parts, missing = [], size
        try:
            while missing and (part := source.read(missing)):
                parts.append(part)
                missing -= len(part)
        except (OSError, EOFError):
            if self.compression is None:
                raise
            raise FileRejectedError(
                f"{self.name}: the {self.compression} file is cut off or damaged: it ends before its text does."
                " Nothing of it was loaded. Ask for the file again, and pull this export date again."
            ) from None
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _compression(path: Path, name: str) -> str | None:
    with path.open("rb") as file:
        magic = file.read(4)
    if magic.startswith(_GZIP):
        return "gzip"
    if magic == _ZSTD:
        return "zstd"
    if magic in (_ZIP, _XLS):
        kind = "a zip archive or a spreadsheet" if magic == _ZIP else "an old spreadsheet"
        raise FileRejectedError(f"{name}: is {kind}, not a text file. Export it as CSV or JSON lines, plain or gzip.")
    return None


def _detect(first: bytes, declared: str) -> tuple[str, int]:
    """(encoding, bytes of BOM to skip). UTF-16 without BOM shows itself by its zero bytes."""
    for bom, encoding in _BOMS:
        if first.startswith(bom):
            return encoding, len(bom)
    sample = first[:_PEEK]
    if len(sample) >= 4 and declared == "utf-8":
        odd, even = sample[1::2].count(0) / len(sample[1::2]), sample[0::2].count(0) / len(sample[0::2])
        if odd > 0.3 and even < 0.05:
            return "utf-16-le", 0
        if even > 0.3 and odd < 0.05:
            return "utf-16-be", 0
    return declared, 0
