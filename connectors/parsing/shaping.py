"""Text cells → typed columns: one DuckDB statement per block, made once per file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from connectors.contracts import Column, ExportObject
from connectors.forms import FileForm
from connectors.parsing.cells import cleaned, hashed, literal, quoted, typed, without_digits
from connectors.parsing.rejects import SEND_AGAIN

if TYPE_CHECKING:
    import duckdb

# Text columns that travel beside the contract's own. No contract column begins with _.
LINE, ROW, EXTRA, CONTENT, BAD = "_line", "_row", "_extra", "_content", "_bad"
_WHOLE = ("integer", "bigint", "smallint")
_ID_CLEANERS = {"apostrophe", "decimal_id", "meta_prefix"}  # on ids that spreadsheets spoil
_DIGITS = 10_000
_WORDS = {
    "integer": "a whole number", "bigint": "a whole number", "smallint": "a whole number",
    "boolean": "yes/no or true/false",
    "date": "a date", "timestamp": "a time", "timestamptz": "a time", "double precision": "a number",
}  # fmt: skip


def connect() -> duckdb.DuckDBPyConnection:
    """A connection of its own to the process's in-memory engine; times without zone are UTC in it.

    What is registered in it is seen by nobody else. Starting an engine costs more than parsing a small file.
    """
    connection = _engine(os.getpid()).cursor()
    connection.execute("set TimeZone = 'UTC'").fetchall()
    return connection


@lru_cache(maxsize=1)
def _engine(_process: int) -> duckdb.DuckDBPyConnection:
    """Bounded memory, nothing from outside. One per process: it does not survive a fork.

    One thread: with more of them the engine gives rows in an order of its own (seen with DuckDB 2.0 on Arrow tables,
    whatever preserve_insertion_order says), and a file's order decides which of two equal keys is the newer one.
    """
    import duckdb

    engine = duckdb.connect(":memory:")
    for setting in (
        "set threads = 1", "set memory_limit = '400MB'", "set autoinstall_known_extensions = false",
        "set autoload_known_extensions = false",
    ):  # fmt: skip
        engine.execute(setting).fetchall()
    return engine


def cells_sql(
    export: ExportObject, form: FileForm, sources: dict[str, list[str]], extra: str, relation: str, *,
    content: str | None,
) -> str:  # fmt: skip
    """Statement: one cleaned text cell per contract column from `relation`, beside _line, _row, _extra (and _content).

    sources: contract column → expressions that feed it, best first; a column without any is NULL.
    """
    fields = []
    for column in export.columns.values():
        found = [_present(expression, form) for expression in sources.get(column.name, ())]
        found += [literal(form.set_[column.name])] if column.name in form.set_ else []
        values = [cleaned(expression, column) for expression in found]
        value = "null::varchar" if not values else values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"
        fields.append(f"{value} as {quoted(column.name)}")
    fields += [LINE, ROW, f"{extra} as {EXTRA}"]
    if content:
        fields.append(f"{content} as {CONTENT}")
    return f"select {', '.join(fields)} from {relation}"  # noqa: S608 - identifiers and expressions of our own making


def _present(expression: str, form: FileForm) -> str:
    """The cell, or NULL where it holds a word that stands for a missing value."""
    if not form.nulls:
        return expression
    return f"case when {expression} not in ({', '.join(map(literal, form.nulls))}) then {expression} end"


def typed_sql(export: ExportObject, cells: str) -> str:
    """Statement: typed columns, _extra, _source_line, _row, _row_hash and _bad (number of the first faulty column).

    _bad counts from 1; negative: a required value is missing; positive: a value does not fit its type, and beyond
    10,000: an id has lost digits.
    """
    columns = list(export.columns.values())
    converted = [column for column in columns if column.type not in ("text", "jsonb")]
    doubts = []
    for number, column in enumerate(columns, 1):
        name, as_text = quoted(column.name), quoted(f"text of {column.name}")
        is_id = column.pii == "id" or _ID_CLEANERS.intersection(column.clean)
        if column.type in _WHOLE or (column.type == "text" and is_id):
            doubts.append(f"when {without_digits(as_text if column in converted else name)} then {_DIGITS + number}")
        if column in converted:
            doubts.append(f"when {name} is null and {as_text} is not null then {number}")
        if column.required:
            doubts.append(f"when {name} is null then -{number}")
    bad = f"case {' '.join(doubts)} end" if doubts else "null::integer"
    parts = [f"coalesce({hashed(column.name, column.type)}, chr(1))" for column in columns if not column.volatile]
    digest = f"md5(concat_ws(chr(31), {', '.join([*parts, f'coalesce({EXTRA}, chr(1))'])}))"
    names = ", ".join(quoted(column.name) for column in columns)
    inner = [f"{typed(f'c.{quoted(column.name)}', column)} as {quoted(column.name)}" for column in columns]
    inner += [f"c.{quoted(column.name)} as {quoted(f'text of {column.name}')}" for column in converted]
    return (
        f"select {names}, {EXTRA}, {LINE} as _source_line, {ROW}, {digest} as _row_hash, {bad} as {BAD}"  # noqa: S608
        f" from (select {', '.join([*inner, LINE, ROW, EXTRA])} from ({cells}) as c)"
    )


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a rejected row's cell, in words."""

    column: str
    reason: str
    what_to_do: str


def fault(export: ExportObject, platform: str, number: int) -> Fault:
    """The words for a value of _bad."""
    column: Column = list(export.columns.values())[abs(number) % _DIGITS - 1]
    if number < 0:
        return Fault(column.name, f"{column.name} is blank, and every row needs it", SEND_AGAIN)
    if number > _DIGITS:
        return Fault(
            column.name,
            f"{column.name} has lost digits: a spreadsheet wrote it like 7.21E+12",
            "Export it again and do not save it from a spreadsheet; or format the column there as text before opening.",
        )
    kind = _WORDS.get(column.type, f"a number that fits {column.type}")
    return Fault(
        column.name,
        f"{column.name} is not {kind}",
        f"{SEND_AGAIN} If the platform changed the column, change its type in connectors/contracts/{platform}.yml.",
    )


def extra_sql(pairs: Iterable[tuple[str, str]]) -> str:
    """Expression: JSON object of the (name, text expression) pairs that are not blank; NULL when none is."""
    entries = ", ".join(f"{{k: {literal(name)}, v: nullif({value}, '')}}" for name, value in pairs)
    if not entries:
        return "null::varchar"
    filled = f"list_filter([{entries}], lambda x: x.v is not null)"
    return f"case when len({filled}) > 0 then to_json(map_from_entries({filled}))::varchar end"
