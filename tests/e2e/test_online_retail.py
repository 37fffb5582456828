"""The 60 real trading days of a real shop, from its daily files to published marts.

Every figure that the marts must show is counted here independently, from the files, with the csv module alone. The
nights load day by day; persons, journeys and marts are built after the first day, after half of the days and after all
of them, which also shows that nights with several days behind them catch up.
"""

from __future__ import annotations

import csv
import gzip
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

CENT = Decimal("0.01")


@dataclass
class Counted:
    """What the files say, counted line by line."""

    rows: int = 0
    cancelled_rows: int = 0
    rows_without_customer: int = 0
    customers: set[str] = field(default_factory=set)
    invoices: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    anonymous_invoices: set[str] = field(default_factory=set)

    def add(self, path: Path) -> int:
        before = self.rows
        with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                invoice = row["InvoiceNo"]
                amount = (Decimal(row["UnitPrice"]) * int(row["Quantity"])).quantize(CENT, ROUND_HALF_UP)
                self.rows += 1
                self.invoices[invoice] += amount
                self.cancelled_rows += invoice.startswith("C")
                if row["CustomerID"]:
                    self.customers.add(row["CustomerID"].removesuffix(".0"))
                else:
                    self.rows_without_customer += 1
                    self.anonymous_invoices.add(invoice)
        return self.rows - before

    @property
    def orders(self) -> dict[str, Decimal]:
        return {invoice: total for invoice, total in self.invoices.items() if not invoice.startswith("C")}

    @property
    def cancellations(self) -> dict[str, Decimal]:
        return {invoice: -total for invoice, total in self.invoices.items() if invoice.startswith("C")}


def _one(query: str) -> tuple:
    import warehouse

    with warehouse.connect() as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row


@pytest.fixture(scope="module")
def replay(samples: Path, full_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    import connectors
    from stack.direct import build_night

    files = sorted((samples / "online_retail").glob("*.csv.gz"))
    assert len(files) == 60
    exports = tmp_path_factory.mktemp("exports")
    counted = Counted()
    for number, path in enumerate(files, start=1):
        day = date.fromisoformat(path.name.split(".")[0])
        folder = exports / "point_of_sale" / "invoice_line" / f"dt={day}"
        folder.mkdir(parents=True)
        shutil.copy(path, folder)
        rows = counted.add(path)
        landed = connectors.land("point_of_sale", day, str(exports))
        connectors.audit_and_promote([batch.batch_id for batch in landed])
        read, status = _one("select rows_read, status from ops.batch_ledger order by batch_id desc limit 1")
        assert (read, status) == (rows, "promoted"), f"night of {day}"
        if number in (1, 30, 60):
            build_night(day, say=lambda _: None)
    yield counted


def test_every_row_is_accounted(replay: Counted) -> None:
    read, promoted, rejected = _one(
        "select sum(rows_read), sum(rows_inserted + rows_updated + rows_unchanged + rows_duplicate), sum(rows_rejected)"
        " from ops.batch_ledger"
    )
    assert (read, promoted, rejected) == (replay.rows, replay.rows, 0)
    stored, cancelled, blank = _one(
        "select count(*), count(*) filter (where invoice_no like 'C%'), count(*) filter (where customer_id is null)"
        " from raw.point_of_sale__invoice_line where not _is_deleted"
    )
    assert (stored, cancelled, blank) == (replay.rows, replay.cancelled_rows, replay.rows_without_customer)


def test_invoices_and_revenue_reach_the_marts(replay: Counted) -> None:
    orders, total = _one("select count(*), sum(total_amount) from marts.fct_orders")
    assert (orders, total) == (len(replay.orders), sum(replay.orders.values()))
    counted, revenue = _one("select count(*), sum(total_amount) from marts.fct_orders where is_counted")
    sales = [total for total in replay.orders.values() if total > 0]
    assert (counted, revenue) == (len(sales), sum(sales))
    (lines,) = _one("select count(*) from marts.fct_order_lines")
    assert lines == replay.rows - replay.cancelled_rows


def test_cancellations_become_refunds(replay: Counted) -> None:
    refunds, amount = _one("select count(*), sum(refund_amount) from marts.fct_refunds")
    assert (refunds, amount) == (len(replay.cancellations), sum(replay.cancellations.values()))


def test_known_and_unknown_customers(replay: Counted) -> None:
    # Customer numbers are the only identifier of these files: each is one golden customer, and an invoice without a
    # number is an unresolved person of its own.
    (known,) = _one(
        "select count(distinct golden_customer_id) from marts.bridge_customer_identities where record_kind = 'account'"
    )
    (unknown,) = _one(
        "select count(distinct golden_customer_id) from marts.bridge_customer_identities"
        " where record_kind = 'guest_order'"
    )
    anonymous = {invoice.removeprefix("C") for invoice in replay.anonymous_invoices}
    assert (known, unknown) == (len(replay.customers), len(anonymous))
    (customers,) = _one("select count(*) from marts.dim_customers")
    assert customers == known + unknown


def test_repeat_purchases_agree_with_the_files(replay: Counted) -> None:
    (repeat,) = _one("select count(*) from marts.fct_orders where customer_order_no >= 2")
    (first,) = _one("select count(*) from marts.fct_orders where customer_order_no = 1")
    sales = sum(total > 0 for total in replay.orders.values())
    assert first + repeat == sales
    (buyers,) = _one("select count(distinct golden_customer_id) from marts.fct_orders where is_counted")
    assert first == buyers


def test_a_repeated_night_publishes_nothing(replay: Counted) -> None:
    from stack.direct import build_night

    (before,) = _one("select count(*) from ops.publish_log")
    (last,) = _one("select max(export_date) from ops.publish_log")
    build_night(last, say=lambda _: None)
    assert _one("select count(*) from ops.publish_log") == (before,)
