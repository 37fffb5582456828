"""What a landing and a raw table look like: frozen descriptions, checked when they are made."""

from __future__ import annotations

import re
from dataclasses import dataclass

from warehouse.errors import TableError

RESTATEMENTS = ("upsert", "append", "replace_partition")
# Columns that every landed row carries beside the contract's own, with their types.
LANDED_COLUMNS = {
    "_extra": "jsonb",
    "_batch_id": "bigint",
    "_export_date": "date",
    "_source_file": "text",
    "_source_line": "bigint",
    "_row_hash": "uuid",
}
RAW_COLUMNS = {**LANDED_COLUMNS, "_changed_seq": "bigint", "_is_deleted": "boolean"}
POSITION = "_position"  # landing only: running number of the row in its batch
HISTORY_COLUMNS = {"_replaced_at_batch_id": "bigint", "_replaced_export_date": "date"}

_TYPE = re.compile(r"[a-z][a-z0-9_ ]*(\(\s*\d+\s*(,\s*\d+\s*)?\))?( with(out)? time zone)?(\[\])?")
_OBJECT = re.compile(r"[a-z][a-z0-9_]*")
_LONGEST_NAME = 63  # PostgreSQL cuts longer names silently


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column of an object as its contract names it.

    pg_type   a PostgreSQL type name, lower case: text, bigint, numeric(18,2), timestamptz, text[] ...
    required  null is refused (and a missing column rejects the batch)
    pii       class of personal data (email, phone, name ...), None = none
    volatile  changes without meaning (a fetch time): left out of `_row_hash`
    """

    name: str
    pg_type: str
    required: bool = False
    pii: str | None = None
    volatile: bool = False
    description: str = ""

    def __post_init__(self) -> None:
        if not self.name or len(self.name.encode()) > _LONGEST_NAME or "\x00" in self.name:
            raise TableError(f"Column name {self.name[:80]!r}: give it 1 to {_LONGEST_NAME} bytes.")
        if self.name in RAW_COLUMNS or self.name in HISTORY_COLUMNS or self.name == POSITION:
            raise TableError(f"Column {self.name} is one of Journeyline's own: rename it in the contract.")
        if not _TYPE.fullmatch(self.pg_type):
            raise TableError(f"Column {self.name}: {self.pg_type[:80]!r} is no PostgreSQL type name.")


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One object of one platform: the tables landing/raw/raw_history.<platform>__<object>.

    key             the contract's key: primary key of raw; never null
    restatement     upsert | append | replace_partition (docs/architecture.md, boundary 1)
    partition       columns that name the replaced part; only with replace_partition
    version_column  the newest value wins; None = the newest export date, then the later position
    history         keep superseded versions in raw_history
    indexes         column lists to index in raw
    deletion        (column, values): a row whose column, as text, has one of the values is deleted at its source
    """

    platform: str
    object: str
    columns: tuple[ColumnSpec, ...]
    key: tuple[str, ...]
    restatement: str = "upsert"
    partition: tuple[str, ...] = ()
    version_column: str | None = None
    history: bool = False
    indexes: tuple[tuple[str, ...], ...] = ()
    deletion: tuple[str, tuple[str, ...]] | None = None

    def __post_init__(self) -> None:
        where = f"{self.platform}.{self.object}"
        if not _OBJECT.fullmatch(self.platform) or not _OBJECT.fullmatch(self.object):
            raise TableError(f"{where}: platform and object are lower-case words joined by _.")
        if len(self.table) > _LONGEST_NAME:
            raise TableError(f"{where}: the table name {self.table} is longer than {_LONGEST_NAME} bytes.")
        names = self.column_names
        if len(set(names)) != len(names):
            raise TableError(f"{where}: a column name is used twice.")
        if not self.key:
            raise TableError(f"{where}: name the columns of its key.")
        if self.restatement not in RESTATEMENTS:
            raise TableError(f"{where}: restatement {self.restatement!r} is not one of {', '.join(RESTATEMENTS)}.")
        if (self.restatement == "replace_partition") != bool(self.partition):
            raise TableError(f"{where}: `partition` columns belong to restatement replace_partition, and only to it.")
        version = (self.version_column,) if self.version_column else ()
        marker = (self.deletion[0],) if self.deletion else ()
        used = {*self.key, *self.partition, *version, *marker, *(name for index in self.indexes for name in index)}
        unknown = sorted(used - set(names) - set(RAW_COLUMNS))
        if unknown:
            raise TableError(f"{where}: {', '.join(unknown)} is not among its columns.")

    @property
    def table(self) -> str:
        """Unqualified table name, the same in landing, raw and raw_history."""
        return f"{self.platform}__{self.object}"

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def landed_names(self) -> tuple[str, ...]:
        """The columns that landing and raw share."""
        return (*self.column_names, *LANDED_COLUMNS)
