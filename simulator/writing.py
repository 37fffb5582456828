"""Export files: written in chunks, gzip without a time stamp, rows counted."""

from __future__ import annotations

import io
import zlib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import polars as pl


@dataclass
class FileRecord:
    """One file as written."""

    night: int
    platform: str
    object: str
    path: str  # relative to the output folder
    rows: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """One planted fault. `line` is the 1-based line of the file (record number in a JSON page); None: the whole file.

    `outcome` is what a correct loader does with it: rejected, duplicate, updated, unchanged or inserted.
    """

    night: date
    platform: str
    object: str
    file: str
    line: int | None
    kind: str
    key: str
    outcome: str
    rows: int = 1


@dataclass
class Ledger:
    """All files and planted faults of a simulation."""

    files: list[FileRecord] = field(default_factory=list)
    faults: list[FaultRecord] = field(default_factory=list)

    def faults_table(self) -> pl.DataFrame:
        """The faults as a table, in the order in which they were planted."""
        schema = {
            "night": pl.Date,
            "platform": pl.String,
            "object": pl.String,
            "file": pl.String,
            "line": pl.Int64,
            "kind": pl.String,
            "key": pl.String,
            "expected_outcome": pl.String,
            "rows": pl.Int64,
        }
        rows = [(f.night, f.platform, f.object, f.file, f.line, f.kind, f.key, f.outcome, f.rows) for f in self.faults]
        return pl.DataFrame(rows, schema=schema, orient="row")


class ExportFile:
    """A file being written. Use as a context manager; `.gz` names are compressed."""

    def __init__(
        self, root: Path, night: int, day: str, platform: str, object_name: str, name: str, ledger: Ledger
    ) -> None:
        relative = Path(platform) / object_name / f"dt={day}" / name
        self.path = root / relative
        self.record = FileRecord(night, platform, object_name, relative.as_posix())
        self._ledger = ledger
        self._gzip = name.endswith(".gz")
        self._file: BinaryIO | None = None

    def __enter__(self) -> ExportFile:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("wb")
        # wbits 31: gzip container; zlib writes a zero time stamp and no file name.
        self._deflate = zlib.compressobj(1, zlib.DEFLATED, 31) if self._gzip else None
        # One thread compresses and writes while the next chunk is made; at most one chunk waits.
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._pending: Future[None] | None = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._file is not None
        try:
            self._settle()
            if self._deflate is not None:
                self._file.write(self._deflate.flush())
        finally:
            self._pool.shutdown()
            self._file.close()
        self.record.bytes = self.path.stat().st_size
        if kind is None:
            self._ledger.files.append(self.record)

    def _settle(self) -> None:
        if self._pending is not None:
            self._pending.result()
            self._pending = None

    def _put(self, data: bytes) -> None:
        assert self._file is not None
        self._file.write(self._deflate.compress(data) if self._deflate is not None else data)

    def write(self, data: bytes) -> None:
        """Write raw bytes, in order; counts no rows."""
        self._settle()
        self._pending = self._pool.submit(self._put, data)

    def header(self, columns: list[str]) -> None:
        """Write the header line of a CSV file."""
        self.write(csv_bytes(pl.DataFrame({c: pl.Series([], dtype=pl.String) for c in columns}), header=True))

    def rows(self, frame: pl.DataFrame) -> None:
        """Write the rows of a frame as CSV, without a header."""
        if len(frame):
            self.write(csv_bytes(frame, header=False))
            self.record.rows += len(frame)

    def lines(self, lines: pl.Series) -> None:
        """Write ready lines of text."""
        if len(lines):
            self.write(line_bytes(lines))
            self.record.rows += len(lines)


def csv_bytes(frame: pl.DataFrame, *, header: bool) -> bytes:
    """The frame as CSV text; nulls are empty cells."""
    buffer = io.BytesIO()
    frame.write_csv(buffer, include_header=header)
    return buffer.getvalue()


def line_bytes(lines: pl.Series) -> bytes:
    """One line per element, as it is, each ended by a line feed."""
    buffer = io.BytesIO()
    lines.to_frame("line").write_csv(buffer, include_header=False, quote_style="never")
    return buffer.getvalue()
