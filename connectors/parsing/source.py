"""One text on its way through the parser: what is known about it, and what has been counted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.contracts import ExportObject
from connectors.forms import FileForm
from connectors.parsing import shaping
from connectors.parsing.archives import Content, contents
from connectors.parsing.error_pages import refuse_json, refuse_markup
from connectors.parsing.limits import Limits, limits
from connectors.parsing.rejects import Rejects
from connectors.parsing.rows import RowTyper
from connectors.parsing.streams import TextStream

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


_NO_DATE = dt.date(1970, 1, 1)  # a file that is only checked belongs to no night


@dataclass(slots=True)
class Source:
    """A delivered text, its form and its counters.

    export_date  what $export_date in the contract stands for
    seen      rows that reached typing so far
    aside     rows that belong to other objects of the contract (`only`)
    unknown   names in the file that the contract does not know (they are kept in _extra)
    """

    platform: str
    export: ExportObject
    form: FileForm
    path: Path
    name: str
    limits: Limits
    stream: TextStream
    rejects: Rejects
    connection: duckdb.DuckDBPyConnection
    typer: RowTyper
    export_date: dt.date = _NO_DATE
    seen: int = 0
    aside: int = 0
    unknown: set[str] = field(default_factory=set)

    @property
    def rows_read(self) -> int:
        """Rows found in the file, good and bad; complete when its batches have been read."""
        return self.seen + self.rejects.dropped

    @property
    def where(self) -> str:
        """For messages: which object this is."""
        return f"{self.platform}.{self.export.name}"

    def text(self) -> Iterator[bytes]:
        """The file's text in blocks. Raises FileRejectedError when it is a web page, or JSON instead of CSV."""
        first = True
        for block in self.stream:
            if first:
                refuse_markup(self, block)
                if self.form.format != "json":
                    refuse_json(self, block)
                first = False
            yield block

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Typed batches, streaming. Raises FileRejectedError when the file as a whole is no good."""
        from connectors.parsing.documents import parse_json
        from connectors.parsing.separated import parse_separated

        try:
            yield from (parse_separated if self.form.format in ("csv", "tsv") else parse_json)(self)
        finally:
            self.rejects.flush()
            self.connection.close()


def open_sources(
    platform: str, export: ExportObject, form: FileForm, path: Path, name: str, sink: Callable[[pa.Table], object],
    sizes: Limits | None = None, export_date: dt.date = _NO_DATE,
) -> list[Source]:  # fmt: skip
    """Prepare one delivered file: one source, or one per member of an archive. Raises FileRejectedError.

    name: what messages and `_source_file` call it; sink: receives tables of rejected rows
    """
    sizes = sizes or limits()
    return [
        _open(platform, export, _with_values(form, content), path, content, sink, sizes, export_date)
        for content in contents(path, name, form, sizes)
    ]


def _with_values(form: FileForm, content: Content) -> FileForm:
    return form.model_copy(update={"set_": {**form.set_, **content.set}}) if content.set else form


def _open(
    platform: str, export: ExportObject, form: FileForm, path: Path, content: Content,
    sink: Callable[[pa.Table], object], sizes: Limits, export_date: dt.date,
) -> Source:  # fmt: skip
    connection = shaping.connect()
    rejects = Rejects(content.name, sizes.original, sink)
    return Source(
        platform, export, form, path, content.name, sizes, TextStream(content, form.encoding, sizes.block), rejects,
        connection,
        RowTyper(platform, export, connection, rejects), export_date,
    )  # fmt: skip
