"""The only door to Postgres: server, connections, migrations, loading, publishing. See README.md beside this file."""

from warehouse.batches import (
    Batch,
    fail_batch,
    find_repeat,
    load_batch,
    mark_audited,
    mark_landed,
    miss_batch,
    open_batch,
    read_batch,
    read_batches,
    record_files,
    record_rejects,
    reject_batch,
    repeat_batch,
)
from warehouse.connection import connect, read_arrow, sqlalchemy_url, warehouse_url
from warehouse.migrations import migrate
from warehouse.nights import needs_resolving
from warehouse.promote import PromoteResult, promote
from warehouse.server import ensure_database
from warehouse.settings import Settings, settings
from warehouse.specs import ColumnSpec, TableSpec
from warehouse.tables import ensure_tables

__all__ = [
    "Batch",
    "ColumnSpec",
    "PromoteResult",
    "Settings",
    "TableSpec",
    "connect",
    "ensure_database",
    "ensure_tables",
    "fail_batch",
    "find_repeat",
    "load_batch",
    "mark_audited",
    "mark_landed",
    "migrate",
    "miss_batch",
    "needs_resolving",
    "open_batch",
    "promote",
    "read_arrow",
    "read_batch",
    "read_batches",
    "record_files",
    "record_rejects",
    "reject_batch",
    "repeat_batch",
    "settings",
    "sqlalchemy_url",
    "warehouse_url",
]
