"""Rejected rows on their way to ops.rejected_rows. Only here does original text travel; it is never logged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

SEND_AGAIN = "Correct it where the export is made and send the file again; the row is then loaded as usual."
_FLUSH_AT = 20_000


@dataclass(slots=True)
class Rejects:
    """Collects rejected rows of one file and hands them on in tables, so that a million of them are no burden.

    sink      receives tables of (file_name, line_number, column_name, reason, what_to_do, original_text,
              partition_values)
    original  bytes of original text to keep per row
    count     rejected rows
    dropped   those among them that never became rows of cells
    """

    file_name: str
    original: int
    sink: Callable[[pa.Table], object]
    count: int = 0
    dropped: int = 0
    reasons: Counter[tuple[str | None, str]] = field(default_factory=Counter)
    _rows: list[tuple[int, str | None, str, str, str | None, list[str] | None]] = field(default_factory=list)

    def add(
        self, line: int, column: str | None, reason: str, what_to_do: str, text: bytes | str | None,
        partition: list[str] | None = None,
    ) -> None:  # fmt: skip
        """One rejected row. line: 1-based line or record number; partition: the part it belongs to, if known."""
        if isinstance(text, bytes):
            text = text[: self.original].decode("utf-8", errors="replace")
        if text is not None:
            text = text[: self.original].replace("\x00", "\ufffd").rstrip("\r\n")
        self._rows.append((line, column, reason, what_to_do, text, partition))
        self.reasons[(column, reason)] += 1
        self.count += 1
        if len(self._rows) >= _FLUSH_AT:
            self.flush()

    def drop(self, line: int, reason: str, what_to_do: str, text: bytes | str | None) -> None:
        """One rejected stretch of text that could not even be cut into cells."""
        self.dropped += 1
        self.add(line, None, reason, what_to_do, text)

    def flush(self) -> None:
        """Hand on what has been collected."""
        import pyarrow as pa

        if not self._rows:
            return
        lines, columns, reasons, advice, texts, partitions = zip(*self._rows, strict=True)
        table = {
            "file_name": pa.array([self.file_name] * len(lines), pa.string()),
            "line_number": pa.array(lines, pa.int64()),
            "column_name": pa.array(columns, pa.string()),
            "reason": pa.array(reasons, pa.string()),
            "what_to_do": pa.array(advice, pa.string()),
            "original_text": pa.array(texts, pa.string()),
            "partition_values": pa.array(partitions, pa.list_(pa.string())),
        }
        self._rows.clear()
        self.sink(pa.table(table))
