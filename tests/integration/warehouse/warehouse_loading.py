"""Helpers of the loading tests: a small object, and one batch from rows to raw."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

import warehouse

PARTS = pa.list_(pa.string())
DAY = dt.date(2026, 3, 1)


def spec(restatement: str = "upsert", **changes: Any) -> warehouse.TableSpec:
    columns = (
        warehouse.ColumnSpec("id", "bigint", required=True),
        warehouse.ColumnSpec("part", "text"),
        warehouse.ColumnSpec("version", "bigint"),
        warehouse.ColumnSpec("value", "text", pii="email"),
    )
    partition = ("part",) if restatement == "replace_partition" else ()
    values = {"platform": "shop", "object": "orders", "columns": columns, "key": ("id",), "partition": partition}
    return warehouse.TableSpec(**{**values, "restatement": restatement, **changes})


def record_batch(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    """Rows with id, part, version, value → Arrow, with the hash over them."""
    columns = {
        "id": pa.array([row["id"] for row in rows], pa.int64()),
        "part": pa.array([row.get("part") for row in rows], pa.string()),
        "version": pa.array([row.get("version") for row in rows], pa.int64()),
        "value": pa.array([row.get("value") for row in rows], pa.string()),
        "_row_hash": pa.array(
            [
                hashlib.md5(repr([row.get(name) for name in ("id", "part", "version", "value")]).encode()).hexdigest()
                for row in rows
            ],
            pa.string(),
        ),
    }
    return pa.RecordBatch.from_pydict(columns)


def land(
    table: warehouse.TableSpec, rows: list[dict[str, Any]], date: dt.date = DAY, rejected: Sequence[str | None] = ()
) -> int:
    """rejected: the partition of each rejected row, None where it could not be read."""
    batch_id = warehouse.open_batch(table.platform, table.object, date)
    if rows:
        warehouse.load_batch(batch_id, table, [record_batch(rows)])
    if rejected:
        many = len(rejected)
        rejects = {"file_name": ["f.csv"] * many, "line_number": range(many), "reason": ["bad"] * many}
        parts = [None if part is None else [part] for part in rejected]
        warehouse.record_rejects(batch_id, pa.table({**rejects, "partition_values": pa.array(parts, PARTS)}))
    warehouse.mark_landed(batch_id, len(rows) + len(rejected))
    return batch_id


def load(table: warehouse.TableSpec, rows: list[dict[str, Any]], date: dt.date = DAY) -> warehouse.PromoteResult:
    return warehouse.promote(land(table, rows, date), table, unaudited=True)


def stored(columns: str = "id, part, version, value, _is_deleted", schema: str = "raw") -> list[tuple[Any, ...]]:
    with warehouse.connect() as connection:
        return connection.execute(
            f"select {columns} from {schema}.shop__orders order by 1, 2, 3, 4".encode()
        ).fetchall()
