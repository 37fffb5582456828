"""CSV and TSV files: header against contract, then block by block."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from connectors.contracts import EXPORT_DATE, Column, ExportObject, load_contract, platforms
from connectors.errors import FileRejectedError
from connectors.forms import FileForm
from connectors.naming import snake_case
from connectors.parsing import shaping
from connectors.parsing.csv_records import RecordBlock, record_blocks
from connectors.parsing.rejects import SEND_AGAIN
from connectors.parsing.source import Source
from connectors.parsing.texts import joined, text_cells

if TYPE_CHECKING:
    import pyarrow as pa

_PREAMBLE = 100  # records among which `header: search` looks
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def parse_separated(source: Source) -> Iterator[pa.RecordBatch]:
    """Typed batches of one file; rejected rows go to source.rejects. Raises FileRejectedError."""
    text = iter(source.text())
    head = next(text, b"")
    form = source.form = source.form.fitted_to(head)
    text = chain([head] if head else [], text)
    blocks = record_blocks(text, form.separator, source.limits, source.rejects, quoted=not form.unquoted)
    header: _Header | None = None
    for block in blocks:
        if header is None:
            header, first = _find_header(source, block)
            block = block.keep(np.arange(len(block.starts)) >= first)
        if len(block.starts):
            yield from _rows(source, header, block)
    if header is None:
        raise FileRejectedError(
            f"{source.where}: the file {source.name} is empty, not even a header is in it. Ask for it again."
        )


def _find_header(source: Source, block: RecordBlock) -> tuple[_Header, int]:
    """(header, number of the first record below it). Lines above a header are about the report, and no rows."""
    form = source.form
    if form.header == "none":
        names = form.names or tuple(name for name, column in source.export.columns.items() if not column.derived)
        first = _cells_of(source, block.text(0))
        repeated = [snake_case(name) for name in first] == [snake_case(name) for name in names]
        return _Header(source, list(names)), int(repeated)  # a header line after all: some tools add one
    if form.header == "search":
        needed = [column for column in source.export.columns.values() if _is_needed(column, form)]
        for number in range(min(len(block.starts), _PREAMBLE)):
            found = {snake_case(name) for name in _cells_of(source, block.text(number))}
            if all(found.intersection(column.header_names) for column in needed):
                return _Header(source, _cells_of(source, block.text(number))), number + 1
        columns = ", ".join(repr(column.sources[0]) for column in needed)
        raise FileRejectedError(
            f"{source.where}: none of the first {_PREAMBLE} lines of the file {source.name} is a header with the"
            f" required columns {columns}. Ask for the full export; if the platform renamed a column, add its new name"
            f" under `from` in connectors/contracts/{source.platform}.yml."
        )
    return _Header(source, _cells_of(source, block.text(0))), 1


def _cells_of(source: Source, record: bytes) -> list[str]:
    text = record.decode("utf-8", errors="replace").rstrip("\r")
    if source.form.unquoted:
        return [cell.strip() for cell in text.split(source.form.separator)]
    return [cell.strip() for cell in next(csv.reader(io.StringIO(text), delimiter=source.form.separator))]


def _is_needed(column: Column, form: FileForm) -> bool:
    """Must the header have the column?"""
    needed = (column.required and not column.derived) or column.required_column
    return needed and column.name not in form.set_ and EXPORT_DATE not in column.sources


class _Header:
    """What each cell of the file feeds. Of equal names the first counts; the others are kept in _extra by position."""

    def __init__(self, source: Source, names: list[str]) -> None:
        self.names = names
        self.columns = [f"c{i}" for i in range(len(self.names))]
        places: dict[str, int] = {}
        for position, name in enumerate(self.names):
            places.setdefault(snake_case(name), position)
        self.sources: dict[str, list[str]] = {}
        self.constants = {EXPORT_DATE: source.export_date.isoformat()}
        used: set[int] = set()
        for column in source.export.columns.values():
            found = [places[name] for name in column.header_names if name in places]
            self.sources[column.name] = [self.columns[position] for position in found]
            if EXPORT_DATE in column.sources:
                self.sources[column.name].append(EXPORT_DATE)
            used.update(found)
        unknown = [position for position in range(len(self.names)) if position not in used]
        self.extra = (
            None
            if not unknown
            else shaping.extra_sql(
                (
                    self.names[i] if self.names.index(self.names[i]) == i else f"{self.names[i]} ({i + 1})",
                    self.columns[i],
                )
                for i in unknown
            )
        )
        source.unknown.update(self.names[i] for i in unknown)
        self._check(source)

    def _check(self, source: Source) -> None:
        needed = [column for column in source.export.columns.values() if _is_needed(column, source.form)]
        missing = [column for column in needed if not self.sources[column.name]]
        if not missing:
            return
        columns = ", ".join(repr(column.sources[0]) for column in missing)
        raise FileRejectedError(
            f"{source.where}: the file {source.name} lacks the required"
            f" column{'s' if len(missing) > 1 else ''} {columns}."
            f" {self._guess(source)}"
        )

    def _guess(self, source: Source) -> str:
        if len(self.names) == 1:
            for mark, word in _SEPARATORS.items():
                if mark != source.form.separator and mark in self.names[0]:
                    expected = _SEPARATORS.get(source.form.separator, repr(source.form.separator))
                    return (
                        f"Its cells seem to be separated by {word}, the contract says {expected}: ask for the agreed"
                        f" form, or write delimiter: {mark!r} in connectors/contracts/{source.platform}.yml."
                    )
        other = _most_similar({snake_case(name) for name in self.names}, (source.platform, source.export.name))
        if other:
            return f"It looks like a file of {other}: put it into that folder."
        return (
            "Ask for the full export; if the platform renamed the column, add its new name under `from` in"
            f" connectors/contracts/{source.platform}.yml."
        )


def _most_similar(names: set[str], own: tuple[str, str]) -> str | None:
    """The contract object (not `own`) to which at least two thirds of these header names belong."""

    def known(export: ExportObject) -> set[str]:
        return {name for column in export.columns.values() for name in column.header_names}

    best, score = None, 0.0
    for platform in platforms():
        for export in load_contract(platform).objects.values():
            share = len(names & known(export)) / max(len(names), 1)
            if share > score:
                best, score = (platform, export.name), share
    return f"{best[0]}.{best[1]}" if best and best != own and score >= 2 / 3 else None


def _rows(source: Source, header: _Header, block: RecordBlock) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    expected = len(header.names) - 1
    ragged = block.separators != expected
    for index in np.flatnonzero(ragged).tolist():
        cells = int(block.separators[index]) + 1
        reason = f"the row has {cells} cells, the header has {expected + 1}"
        source.rejects.drop(int(block.lines[index]), reason, SEND_AGAIN, block.text(index))
    if ragged.any():
        block = block.keep(~ragged)
    if not len(block.starts):
        return
    table, block = _cells(source, header, block)
    source.seen += len(block.starts)
    if not len(table):
        return
    extra = content = None
    if header.extra is not None:
        source.connection.register("block_cells", table)
        statement = f"select {header.extra} as extra from block_cells"  # noqa: S608 - names of our own making
        extra = source.connection.sql(statement).to_arrow_table()["extra"].combine_chunks()
    if source.typer.needs_content:
        source.connection.register("contents", pa.table({"content": joined(table.columns, "")}))
        digests = source.connection.sql("select md5(content) as digest from contents").to_arrow_table()
        content = digests["digest"].combine_chunks()
    found = {
        name: [header.constants.get(part) or table[part].chunk(0) for part in parts]
        for name, parts in header.sources.items()
    }
    cells = text_cells(source.export, source.form, found, block.lines, extra, content)
    yield from source.typer(cells, block.text)


def _cells(source: Source, header: _Header, block: RecordBlock) -> tuple[pa.Table, RecordBlock]:
    """The block's cells as text columns c0 …; records that are not UTF-8 are rejected one by one."""
    import pyarrow as pa

    try:
        return _read(header, block, source.form), block
    except pa.ArrowInvalid:
        fine = np.ones(len(block.starts), dtype=bool)
        for index in range(len(block.starts)):
            try:
                block.text(index).decode("utf-8")
            except UnicodeDecodeError:
                fine[index] = False
                source.rejects.drop(
                    int(block.lines[index]), "the row is not UTF-8 text", "Ask for the file in UTF-8, or write its"
                    " encoding in the contract (encoding: windows-1252).", block.text(index),
                )  # fmt: skip
        block = block.keep(fine)
        if not len(block.starts):
            return pa.table({name: pa.array([], pa.string()) for name in header.columns}), block
        return _read(header, block, source.form), block


def _read(header: _Header, block: RecordBlock, form: FileForm) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    table = arrow_csv.read_csv(
        pa.BufferReader(block.data),
        read_options=arrow_csv.ReadOptions(column_names=header.columns, block_size=len(block.data) + 16),
        parse_options=arrow_csv.ParseOptions(
            delimiter=form.separator, quote_char=False if form.unquoted else '"', newlines_in_values=not form.unquoted
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types={name: pa.string() for name in header.columns}, strings_can_be_null=False
        ),
    )
    table = table.combine_chunks()
    if len(table) != len(block.starts):
        raise FileRejectedError("Rows and records differ; this is a defect of Journeyline, not of the file.")
    return table
