"""Blocks of text cells → Arrow batches that fit landing, and rejected rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors import transforms
from connectors.contracts import ExportObject
from connectors.parsing import shaping
from connectors.parsing.rejects import Rejects

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


@dataclass(slots=True)
class RowTyper:
    """Types the rows of one file of one object, block by block."""

    platform: str
    export: ExportObject
    connection: duckdb.DuckDBPyConnection
    rejects: Rejects
    transform: transforms.Transform | None = None

    def __post_init__(self) -> None:
        if self.export.transform:
            self.transform = transforms.load(self.export.transform, self.connection)

    @property
    def needs_content(self) -> bool:
        return self.transform is not None and self.transform.needs_content

    def __call__(self, cells: str, text: Callable[[int], bytes | str]) -> list[pa.RecordBatch]:
        """cells: statement made by shaping.cells_sql; text: original text of the row with number `_row`."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.transform is not None:
            table = self.transform(self.connection.sql(cells).to_arrow_table())
            self.connection.register("cells_ready", table)
            cells = "select * from cells_ready"
        result = self.connection.sql(shaping.typed_sql(self.export, cells)).to_arrow_table()
        bad = result[shaping.BAD]
        if bad.null_count < len(bad):
            faulty = result.filter(pc.is_valid(bad))
            words: dict[int, shaping.Fault] = {}
            for line, row, number, partition in zip(
                faulty["_source_line"].to_pylist(), faulty[shaping.ROW].to_pylist(), faulty[shaping.BAD].to_pylist(),
                self._partitions(faulty), strict=True,
            ):  # fmt: skip
                found = words.setdefault(number, shaping.fault(self.export, self.platform, number))
                self.rejects.add(line, found.column, found.reason, found.what_to_do, text(row), partition)
            result = result.filter(pc.is_null(bad))
        result = result.drop_columns([shaping.BAD, shaping.ROW])
        name = pa.repeat(pa.scalar(self.rejects.file_name, pa.string()), len(result))
        return result.append_column("_source_file", name).to_batches()

    def _partitions(self, rows: pa.Table) -> list[list[str] | None]:
        """The part of the object each row belongs to, as text; None where a cell of it is blank or does not fit."""
        import pyarrow as pa

        if not self.export.partition:
            return [None] * len(rows)
        parts = [rows[name].cast(pa.string()).to_pylist() for name in self.export.partition]
        return [None if None in values else list(values) for values in zip(*parts, strict=True)]
