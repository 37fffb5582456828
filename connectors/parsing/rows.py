"""Blocks of text cells → Arrow batches that fit landing, and rejected rows.

Arrow passes text through; only cells that are cleaned or cast go through the engine: planning a statement over hundreds
of columns costs more than running it over a small file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connectors import transforms
from connectors.contracts import Column, ExportObject
from connectors.parsing import shaping
from connectors.parsing.cells import LOST_DIGITS, cleaned, is_quick, quoted, typed
from connectors.parsing.rejects import Rejects
from connectors.parsing.texts import joined

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray


@dataclass(slots=True)
class RowTyper:
    """Types the rows of one file of one object, block by block.

    documents  jsonb columns that are known to hold valid JSON
    unusual    columns in which times have been seen that are not spelled in the usual way
    """

    platform: str
    export: ExportObject
    connection: duckdb.DuckDBPyConnection
    rejects: Rejects
    transform: transforms.Transform | None = None
    documents: frozenset[str] = field(default_factory=frozenset)
    unusual: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.export.transform:
            self.transform = transforms.load(self.export.transform, self.connection)

    @property
    def needs_content(self) -> bool:
        return self.transform is not None and self.transform.needs_content

    def __call__(self, cells: pa.Table, text: Callable[[int], bytes | str]) -> list[pa.RecordBatch]:
        """cells: made by texts.text_cells; text: original text of the row with number `_row`."""
        import pyarrow as pa

        columns = list(self.export.columns.values())
        cells = self._replaced(cells, (c for c in columns if set(c.clean) - {"keep_blank"}), cleaned)
        if self.transform is not None:
            cells = self.transform(cells).combine_chunks()
        result = self._typed(cells, [column for column in columns if self._is_cast(column)])
        bad = self._faults(cells, result)
        result = result.append_column("_row_hash", self._hashes(result))
        if bad is not None:
            self._reject(result, bad, text)
            result = result.filter(pa.array(bad == 0))
        names = [*self.export.columns, shaping.EXTRA, shaping.LINE, "_row_hash"]
        result = result.select(names).rename_columns([*names[:-2], "_source_line", "_row_hash"])
        name = pa.repeat(pa.scalar(self.rejects.file_name, pa.string()), len(result))
        result = result.append_column("_source_file", name)
        return result.to_batches()

    def _is_cast(self, column: Column) -> bool:
        return column.type != "text" and not (column.type == "jsonb" and column.name in self.documents)

    def _typed(self, cells: pa.Table, columns: list[Column]) -> pa.Table:
        """Cast columns. Usual spellings of times are tried first; a column that has another one is read the long way,
        now and for the rest of the file."""
        quick = [column for column in columns if is_quick(column) and column.name not in self.unusual]
        result = self._replaced(cells, columns, lambda value, column: typed(value, column, quick=column in quick))
        again = [column for column in quick if result[column.name].null_count > cells[column.name].null_count]
        if again:
            self.unusual.update(column.name for column in again)
            long_way = self._replaced(cells, again, typed)
            for column in again:
                place = result.schema.get_field_index(column.name)
                result = result.set_column(place, column.name, long_way[column.name])
        return result

    def _replaced(
        self, cells: pa.Table, columns: Iterable[Column], expression: Callable[[str, Column], str]
    ) -> pa.Table:
        """The table with an expression of each of these columns in its place."""
        chosen = list(columns)
        if not chosen:
            return cells
        fields = ", ".join(f"{expression(quoted(c.name), c)} as {quoted(c.name)}" for c in chosen)
        self.connection.register("cells_ready", cells.select([column.name for column in chosen]))
        made = self.connection.sql(f"select {fields} from cells_ready").to_arrow_table()  # noqa: S608 - quoted names
        for column in chosen:
            cells = cells.set_column(cells.schema.get_field_index(column.name), column.name, made[column.name])
        return cells

    def _hashes(self, rows: pa.Table) -> pa.ChunkedArray:
        """md5 of each row's content: equal instants and amounts are equal whatever their spelling was."""
        import pyarrow as pa

        kept = [column.name for column in self.export.columns.values() if not column.volatile]
        texts = [_as_text(rows[name]) for name in [*kept, shaping.EXTRA]]
        self.connection.register("contents", pa.table({"content": joined(texts, "\x01")}))
        return self.connection.sql("select md5(content) as digest from contents").to_arrow_table()["digest"]

    def _faults(self, cells: pa.Table, rows: pa.Table) -> NDArray[np.int32] | None:
        """Number of each row's first faulty column (see shaping.fault), 0 for good rows; None when all are good."""
        import numpy as np
        import pyarrow.compute as pc

        found: NDArray[np.int32] | None = None

        def note(number: int, mask: pa.ChunkedArray) -> None:
            nonlocal found
            found = np.zeros(len(rows), np.int32) if found is None else found
            found[(found == 0) & np.asarray(mask)] = number

        for number, column in enumerate(self.export.columns.values(), 1):
            text, value = cells[column.name], rows[column.name]
            if shaping.is_id(column) and text.null_count < len(text):
                spoilt = pc.fill_null(pc.match_substring(text, "E+"), False)
                if pc.any(spoilt).as_py():
                    lost = pc.fill_null(pc.match_substring_regex(text, LOST_DIGITS), False)
                    note(shaping.DIGITS + number, lost)
            if value.null_count != text.null_count:
                note(number, pc.and_(pc.is_null(value), pc.is_valid(text)))
            if column.required and value.null_count:
                note(-number, pc.is_null(value))
        return None if found is None or not found.any() else found

    def _reject(self, rows: pa.Table, bad: NDArray[np.int32], text: Callable[[int], bytes | str]) -> None:
        import pyarrow as pa

        faulty = rows.filter(pa.array(bad != 0))
        words: dict[int, shaping.Fault] = {}
        for line, row, number, partition in zip(
            faulty[shaping.LINE].to_pylist(), faulty[shaping.ROW].to_pylist(), bad[bad != 0].tolist(),
            self._partitions(faulty), strict=True,
        ):  # fmt: skip
            found = words.setdefault(number, shaping.fault(self.export, self.platform, number))
            self.rejects.add(line, found.column, found.reason, found.what_to_do, text(row), partition)

    def _partitions(self, rows: pa.Table) -> list[list[str] | None]:
        """The part of the object each row belongs to, as text; None where a cell of it is blank or does not fit."""
        import pyarrow as pa

        if not self.export.partition:
            return [None] * len(rows)
        parts = [rows[name].cast(pa.string()).to_pylist() for name in self.export.partition]
        return [None if None in values else list(values) for values in zip(*parts, strict=True)]


def _as_text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Values as text for the row hash; an instant as microseconds since 1970."""
    import pyarrow as pa

    if pa.types.is_string(values.type):
        return values
    if pa.types.is_timestamp(values.type) and values.type.tz:
        values = values.cast(pa.int64())
    return values.cast(pa.string())
