"""The engine that cells are cleaned and cast in, and the words for cells that do not fit."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from connectors.contracts import Column, ExportObject
from connectors.parsing.cells import literal
from connectors.parsing.rejects import SEND_AGAIN

if TYPE_CHECKING:
    import duckdb

# Text columns that travel beside the contract's own. No contract column begins with _.
LINE, ROW, EXTRA, CONTENT = "_line", "_row", "_extra", "_content"
_WHOLE = ("integer", "bigint", "smallint")
_ID_CLEANERS = {"apostrophe", "decimal_id", "meta_prefix"}  # on ids that spreadsheets spoil
DIGITS = 10_000
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


def is_id(column: Column) -> bool:
    """Must no digit of the column's values be lost?"""
    if column.type == "text":
        return column.pii == "id" or bool(_ID_CLEANERS.intersection(column.clean))
    return column.type in _WHOLE


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a rejected row's cell, in words."""

    column: str
    reason: str
    what_to_do: str


def fault(export: ExportObject, platform: str, number: int) -> Fault:
    """The words for a faulty column's number, counted from 1.

    Negative: a required value is missing; positive: a value does not fit its type; beyond DIGITS: an id lost digits.
    """
    column: Column = list(export.columns.values())[abs(number) % DIGITS - 1]
    if number < 0:
        return Fault(column.name, f"{column.name} is blank, and every row needs it", SEND_AGAIN)
    if number > DIGITS:
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
