"""The only door to Postgres: server, connections, migrations, loading, publishing. See README.md beside this file."""

from warehouse.affected import Affected, channels_changed, find_affected, prepare_affected
from warehouse.batches import (
    Batch,
    fail_batch,
    find_repeat,
    judged_files,
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
from warehouse.cursors import Cursor, cursors_before, propose_cursors, read_cursors, reset_cursors
from warehouse.dbt import DbtResult, run_dbt
from warehouse.errors import NightRunningError, WarehouseError
from warehouse.locks import night_lock
from warehouse.migrations import migrate
from warehouse.nights import needs_resolving
from warehouse.promote import PromoteResult, promote
from warehouse.publish import PublishResult, TableChange, publish
from warehouse.rollback import rollback
from warehouse.rules import rules_hash
from warehouse.runlog import run_log
from warehouse.server import ensure_database
from warehouse.settings import Settings, settings
from warehouse.specs import ColumnSpec, TableSpec
from warehouse.tables import ensure_tables

__all__ = [
    "Affected",
    "Batch",
    "ColumnSpec",
    "Cursor",
    "DbtResult",
    "NightRunningError",
    "PromoteResult",
    "PublishResult",
    "Settings",
    "TableChange",
    "TableSpec",
    "WarehouseError",
    "channels_changed",
    "connect",
    "cursors_before",
    "ensure_database",
    "ensure_tables",
    "fail_batch",
    "find_affected",
    "find_repeat",
    "judged_files",
    "load_batch",
    "mark_audited",
    "mark_landed",
    "migrate",
    "miss_batch",
    "needs_resolving",
    "night_lock",
    "open_batch",
    "prepare_affected",
    "promote",
    "propose_cursors",
    "publish",
    "read_arrow",
    "read_batch",
    "read_batches",
    "read_cursors",
    "record_files",
    "record_rejects",
    "reject_batch",
    "repeat_batch",
    "reset_cursors",
    "rollback",
    "rules_hash",
    "run_dbt",
    "run_log",
    "settings",
    "sqlalchemy_url",
    "warehouse_url",
]
