"""A night of the shop's exports whose orders file a test breaks: how it landed, and what was refused."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import connectors
import warehouse

_spec = importlib.util.spec_from_file_location("shop_exports", Path(__file__).with_name("shop.py"))
shop = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(shop)

NIGHT = shop.NIGHT
ROWS = 6  # lines of orders in the good file


def land_orders(exports, night: str = NIGHT):
    """Land the night; the other objects must have landed as usual. Returns the batch of the orders."""
    batches = {batch.object: batch for batch in connectors.land("shopify", night, str(exports[0]))}
    for other in ("customers_export", "fulfillment_event"):
        assert (batches[other].status, batches[other].rows_landed) == ("landed", 1), batches[other]
    batch = batches["orders_export"]
    with warehouse.connect() as connection:
        status, reason = connection.execute(
            "select status, reason from ops.batch_ledger where batch_id = %s", (batch.batch_id,)
        ).fetchone()
        landed = (
            connection.execute("select count(*) from landing.shopify__orders_export").fetchone()[0]
            if (connection.execute("select to_regclass('landing.shopify__orders_export')").fetchone()[0])
            else 0
        )
    assert (status, reason) == (batch.status, batch.reason)
    assert landed == (batch.rows_landed if status == "landed" else 0)
    if status == "landed":
        assert batch.rows_read == batch.rows_landed + batch.rows_rejected
    return batch


def rejects(batch):
    with warehouse.connect() as connection:
        return connection.execute(
            "select line_number, column_name, reason, what_to_do, original_text from ops.rejected_rows"
            " where batch_id = %s order by line_number",
            (batch.batch_id,),
        ).fetchall()


def landed_column(name):
    with warehouse.connect() as connection:
        return [
            row[0]
            for row in connection.execute(f'select "{name}" from landing.shopify__orders_export order by _position')
        ]
