"""JSON documents → records → rows: pages, objects keyed by id, single ones, one per line, lists inside records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from connectors.errors import FileRejectedError
from connectors.parsing import shaping
from connectors.parsing.blocks import DocumentBlock
from connectors.parsing.cells import literal
from connectors.parsing.error_pages import error_codes, error_page
from connectors.parsing.json_lines import document_blocks
from connectors.parsing.json_paths import read_paths
from connectors.parsing.texts import text_cells
from connectors.paths import pointer, steps

if TYPE_CHECKING:
    import pyarrow as pa

    from connectors.parsing.source import Source

_MANY_KEYS = 200
_MOST_ERROR = 1 << 16  # characters of an error document
_ERRORS = ("/error", "/errors", "/errorCode", "/fault")
_WORDS_OF_ERRORS = {"error", "errors", "status", "message", "title", "detail", "type", "code", "category"}


def parse_json(source: Source) -> Iterator[pa.RecordBatch]:
    """Typed batches of one file; rejected rows go to source.rejects. Raises FileRejectedError."""
    reader = _Reader(source)
    for block in document_blocks(source, reader.paths.above):
        rows = reader.rows(block)
        if len(rows):
            source.seen += len(rows)
            yield from reader.type(rows)
    if not reader.documents and not source.rejects.count and source.export.empty == "rejected":
        raise FileRejectedError(f"{source.where}: the file {source.name} is empty. Ask for it again.")


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source, self.form, self.connection = source, source.form, source.connection
        self.paths = read_paths(source.export, source.form, source.export_date.isoformat())
        source.typer.documents = frozenset(self.paths.documents)
        self.number = 0  # last row number given (see _numbered)
        self.documents = 0
        keys = [c for name in source.export.key for c in [source.export.columns[name]]]
        sources = [path for column in keys for path in column.sources]
        plain = [path for path in sources if path[0] != "$" and all(isinstance(key, str) for key in steps(path))]
        self.identified = [pointer(path) for path in plain if path[0] != "^"]
        above = [pointer(path) for path in plain if path[0] == "^"]
        if self.form.rows and above:  # what the record around the rows is known by
            self.identified = above
        if any(column.derived for column in keys):
            self.identified = []

    def rows(self, block: DocumentBlock) -> pa.Table:
        """Table of doc (JSON text of one row), parent (enclosing record or null) and _line."""
        import pyarrow as pa

        count = len(block.docs)
        table = pa.table({"doc": block.docs, "_line": pa.array(block.lines), "_doc": pa.array(np.arange(count))})
        self.connection.register("documents", table)
        plain = self._check_shapes(block.whole)
        self.documents += count
        if plain and not (self.form.rows or self.form.nested_rows or self.form.where):
            rows = pa.table({"doc": block.docs, "parent": pa.nulls(count, pa.string()), "_line": pa.array(block.lines)})
        else:
            rows = self.connection.sql(self._expansion(block.continued)).to_arrow_table().combine_chunks()
        return self._numbered(self._own(rows))

    def _own(self, rows: pa.Table) -> pa.Table:
        """Without the rows that belong to other objects (`only`)."""
        if not self.form.only:
            return rows
        conditions = []
        for path, values in self.form.only.items():
            origin = "parent" if path.startswith("^.") else "doc"
            value = f"json_extract_string({origin}, {literal(pointer(path))})"
            tests = [f"{value} glob {literal(text)}" for text in values if text is not None]
            tests += [f"{value} is null"] if None in values else []
            conditions.append(f"({' or '.join(tests)})")
        self.connection.register("candidates", rows)
        kept = self.connection.sql(
            f"select * from candidates where {' and '.join(conditions)}"  # noqa: S608 - literals of the contract
        ).to_arrow_table()
        self.source.aside += len(rows) - len(kept)
        return kept.combine_chunks()

    def _check_shapes(self, whole: bool) -> bool:
        """Look at the kinds of documents in the block; True when each is itself a record. Refuses an error page."""
        if self.documents == 0:
            self._refuse_error("limit 1")
        if self.form.line_delimited and not self.form.record_path:
            return True
        wanted = [*(f"/{key}" for key in self.form.record_path), *self.identified, *_ERRORS]
        shapes = self.connection.sql(
            f"select distinct json_type(doc), json_type(doc, [{_literals(wanted)}]) from documents"  # noqa: S608 - literals
        ).fetchall()
        paths, keys, plain = len(self.form.record_path), len(self.form.record_path) + len(self.identified), True
        for kind, types in shapes:
            has_records = any(found in ("ARRAY", "OBJECT") for found in types[:paths])
            has_id = any(found not in (None, "NULL") for found in types[paths:keys]) or not self.identified
            doubtful = kind == "OBJECT" and not has_records and not (has_id and self.identified)
            if doubtful and not self.form.line_delimited and any(found is not None for found in types[keys:]):
                self._refuse_error(f"where {' or '.join(f'json_exists(doc, {literal(at)})' for at in _ERRORS)}")
            if kind != "OBJECT" or has_records or not has_id:
                plain = False
            if whole and kind == "OBJECT" and not has_records and not has_id and not self._keyed():
                names = " or ".join(repr(key) for key in (*self.form.record_path, *self.source.export.key))
                raise FileRejectedError(
                    f"{self.source.where}: the file {self.source.name} is JSON, but has no {names}: it seems to be of"
                    " another object or platform. Put it into the right folder, or add its key to record_path in"
                    f" connectors/contracts/{self.source.platform}.yml."
                )
        return plain

    def _refuse_error(self, which: str) -> None:
        """Raises FileRejectedError if one of these documents is a vendor's error and has neither records nor key."""
        import json

        unlike = "".join(f" and not json_exists(doc, {literal(at)})" for at in self.identified)
        for key in self.form.record_path:
            unlike += f" and coalesce(json_type(doc, {literal('/' + key)}) not in ('ARRAY', 'OBJECT'), true)"
        statement = f"select doc from (select doc from documents {which}) where length(doc) < {_MOST_ERROR}{unlike}"  # noqa: S608
        for (text,) in self.connection.sql(f"{statement} limit 100").fetchall():
            document = json.loads(text)
            codes = error_codes(document)
            read = set(document) & self.paths.known if isinstance(document, dict) else set()
            if codes is not None and not read - _WORDS_OF_ERRORS:
                raise FileRejectedError(error_page(self.source, codes))

    def _keyed(self) -> bool:
        rows = self.connection.sql(f"select bool_or({_KEYED}) from documents").fetchall()  # noqa: S608 - a constant
        return bool(rows[0][0])

    def _expansion(self, continued: bool) -> str:
        """Statement: documents → records → rows, in file order. continued: the records themselves are no rows."""
        cases = ["when json_type(doc) = 'ARRAY' then from_json(doc, '[\"JSON\"]')"]
        for key in self.form.record_path:
            at = literal(f"/{key}")
            cases.append(f"when json_type(doc, {at}) = 'ARRAY' then from_json(json_extract(doc, {at}), '[\"JSON\"]')")
            cases.append(f"when json_type(doc, {at}) = 'OBJECT' then [json_extract(doc, {at})]")
        if not self.form.line_delimited:
            cases.append(f"when {_KEYED} then json_extract(doc, '$.*')")
        chosen = "true"
        for key, values in self.form.where.items():
            at = literal(pointer(key))
            listed = ", ".join(map(literal, values))
            chosen += f" and coalesce(json_extract_string(doc, {at}) in ({listed}), true)"
        records = (
            "select _doc, _line, unnest(found) as doc, generate_subscripts(found, 1) as i from"  # noqa: S608 - literals
            f" (select _doc, _line, case {' '.join(cases)} else [doc::json] end as found from documents where {chosen})"
        )
        inner = self.form.rows or ((self.form.nested_rows,) if self.form.nested_rows else ())
        if not inner:
            return f"select doc::varchar as doc, null::varchar as parent, _line from ({records}) order by _doc, i"  # noqa: S608
        lists = []
        for path in inner:
            at = literal(pointer(path))
            lists.append(f"when json_type(doc, {at}) = 'ARRAY' then from_json(json_extract(doc, {at}), '[\"JSON\"]')")
            if self.form.rows:
                lists.append(f"when json_type(doc, {at}) = 'OBJECT' then [json_extract(doc, {at})]")
        # Before rows are made: a record is copied for each of its rows, so only what they read of it may be left then.
        kept, parent = self.paths.enclosing()
        found = f"case {' '.join(lists)} end as children, {kept} as kept"
        nested = (
            "select _doc, i, unnest(children) as child, generate_subscripts(children, 1) as j, parent, _line from"  # noqa: S608
            f" (select _doc, _line, i, children, {parent} as parent from"
            f" (select _doc, _line, i, {found} from records))"
        )
        own = "" if self.form.rows or continued else " union all select _doc, i, doc, 0, null, _line from records"
        return (
            f"with records as ({records}), every as ({nested}{own})"  # noqa: S608
            " select child::varchar as doc, parent::varchar as parent, _line from every order by _doc, i, j"
        )

    def _numbered(self, rows: pa.Table) -> pa.Table:
        """_line becomes a number that is unique in the file: the physical line where a line is a row, else a running
        number of records (never below the line, always growing)."""
        import pyarrow as pa

        lines = rows["_line"].to_numpy()
        if not len(lines):
            return rows
        position = np.arange(len(lines))
        first = max(int(lines[0]), self.number + 1)
        numbers = np.maximum.accumulate(np.maximum(lines - position, first)) + position
        self.number = int(numbers[-1])
        return rows.set_column(rows.schema.get_field_index("_line"), shaping.LINE, pa.array(numbers))

    def type(self, rows: pa.Table) -> list[pa.RecordBatch]:
        """Rows → typed batches."""
        docs = rows["doc"]
        self.connection.register("block", rows)
        statement = self.paths.statement("block", self._extra(), content=self.source.typer.needs_content)
        table = self.connection.sql(statement).to_arrow_table()
        extra, content = (
            table[name].combine_chunks() if name in table.column_names else None for name in ("extra", "content")
        )
        lines = table["_line"].combine_chunks()
        cells = text_cells(self.source.export, self.form, self.paths.read(table), lines, extra, content)
        return self.source.typer(cells, lambda row: docs[row].as_py())

    def _extra(self) -> str | None:
        """Expression for the keys of the block's records that the contract does not read."""
        found = self.connection.sql("select distinct json_keys(doc) from block").fetchall()
        keys = sorted({key for (keys,) in found for key in keys or ()} - self.paths.known)
        unknown = [key for key in keys if key not in self.paths.inside]
        unknown += [key for key in keys if key in self.paths.inside and self._has_more(key, self.paths.inside[key])]
        self.source.unknown.update(unknown[:_MANY_KEYS])
        if not unknown:
            return None
        if len(unknown) > _MANY_KEYS:  # keys that are data: keep the record as it is
            return "doc"
        return json_extra_sql(unknown)

    def _has_more(self, key: str, read: set[str]) -> bool:
        """Is there anything under `key` that no column reads?"""
        at = literal(pointer([key]))
        found = self.connection.sql(
            f"select distinct json_type(doc, {at}), json_keys(doc, {at}) from block"  # noqa: S608 - literals
        ).fetchall()
        return any(kind not in (None, "NULL", "OBJECT") or set(keys or ()) - read for kind, keys in found)


# All values are objects that repeat their key as id: {"1789…": {"id": "1789…", …}, …}
_KEYED = "json_type(doc) = 'OBJECT' and len(json_keys(doc)) > 0 and json_extract_string(doc, '$.*.id') = json_keys(doc)"


def _literals(texts: list[str]) -> str:
    return ", ".join(map(literal, texts))


def json_extra_sql(keys: list[str]) -> str:
    """Expression: JSON object of these keys of `doc`, where they are neither absent nor null; else NULL."""
    values = f"json_extract(doc, [{', '.join(literal(pointer([key])) for key in keys)}])"
    names = f"[{', '.join(map(literal, keys))}]"
    pairs = f"list_filter(list_zip({names}, {values}), lambda x: x[2] is not null and x[2]::varchar <> 'null')"
    return f"(select case when len(p) > 0 then to_json(map_from_entries(p))::varchar end from (select {pairs} as p))"  # noqa: S608


__all__ = ["parse_json"]
