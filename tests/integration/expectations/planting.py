"""Landing real batches of the shipped contracts, for the gate to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

NIGHT = date(2026, 3, 14)
Land = Callable[..., int]


def landed(
    platform: str,
    object_name: str,
    columns: Mapping[str, list[Any]],
    *,
    night: date = NIGHT,
    rejected: int = 0,
) -> int:
    """Land rows as connectors would: contract columns, hash, ledger, rejects. Returns the batch id."""
    import pyarrow as pa

    import connectors
    import warehouse
    from warehouse.arrow_types import arrow_type

    spec = connectors.table_spec(platform, object_name)
    warehouse.ensure_tables(spec)
    kinds = {column.name: arrow_type(column.pg_type) for column in spec.columns}
    count = len(next(iter(columns.values())))
    batch_id = warehouse.open_batch(platform, object_name, night)
    arrays = {name: pa.array(values, kinds[name]) for name, values in columns.items()}
    arrays["_row_hash"] = pa.array(["0" * 32] * count)
    warehouse.load_batch(batch_id, spec, [pa.RecordBatch.from_pydict(arrays)])
    if rejected:
        warehouse.record_rejects(
            batch_id,
            pa.table(
                {
                    "file_name": ["a.csv"] * rejected,
                    "line_number": list(range(1, rejected + 1)),
                    "column_name": ["quantity"] * rejected,
                    "reason": ["is not a number"] * rejected,
                    "original_text": ["secret.person@example.com"] * rejected,
                }
            ),
        )
    warehouse.mark_landed(batch_id, count + rejected)
    return batch_id


def till(count: int, **changes: list[Any]) -> dict[str, list[Any]]:
    """`count` good invoice lines of the shop till."""
    from datetime import UTC, datetime
    from decimal import Decimal

    good: dict[str, list[Any]] = {
        "invoice_no": [f"5{index // 5:05}" for index in range(count)],
        "line_number": [index % 5 + 1 for index in range(count)],
        "stock_code": [f"S{index % 7}" for index in range(count)],
        "description": ["Mug"] * count,
        "quantity": [index % 4 + 1 for index in range(count)],
        "invoice_date": [datetime(2026, 3, 14, 11, 0, tzinfo=UTC)] * count,
        "unit_price": [Decimal("2.5000")] * count,
        "customer_id": [str(14_000 + index % 9) for index in range(count)],
        "country": ["United Kingdom"] * count,
    }
    return good | changes
