"""A small shop's exports of one night, good as they are; tests break one file and look what becomes of all."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

NIGHT = "2025-05-12"
HEADER = [
    "Name",
    "Email",
    "Financial Status",
    "Paid at",
    "Fulfillment Status",
    "Fulfilled at",
    "Accepts Marketing",
    "Currency",
    "Subtotal",
    "Shipping",
    "Taxes",
    "Total",
    "Discount Code",
    "Discount Amount",
    "Shipping Method",
    "Created at",
    "Lineitem quantity",
    "Lineitem name",
    "Lineitem price",
    "Lineitem compare at price",
    "Lineitem sku",
    "Lineitem requires shipping",
    "Lineitem taxable",
    "Lineitem fulfillment status",
    "Billing Name",
    "Billing Street",
    "Billing Address1",
    "Billing Address2",
    "Billing Company",
    "Billing City",
    "Billing Zip",
    "Billing Province",
    "Billing Country",
    "Billing Phone",
    "Shipping Name",
    "Shipping Street",
    "Shipping Address1",
    "Shipping Address2",
    "Shipping Company",
    "Shipping City",
    "Shipping Zip",
    "Shipping Province",
    "Shipping Country",
    "Shipping Phone",
    "Notes",
    "Note Attributes",
    "Cancelled at",
    "Payment Method",
    "Payment Reference",
    "Refunded Amount",
    "Vendor",
    "Outstanding Balance",
    "Employee",
    "Location",
    "Device ID",
    "Id",
    "Tags",
    "Risk Level",
    "Source",
    "Lineitem discount",
    "Tax 1 Name",
    "Tax 1 Value",
    "Tax 2 Name",
    "Tax 2 Value",
    "Tax 3 Name",
    "Tax 3 Value",
    "Tax 4 Name",
    "Tax 4 Value",
    "Tax 5 Name",
    "Tax 5 Value",
    "Phone",
    "Receipt Number",
    "Duties",
    "Billing Province Name",
    "Shipping Province Name",
    "Payment ID",
    "Payment Terms Name",
    "Next Payment Due At",
    "Payment References",
]


def order_lines(orders: int = 3, lines: int = 2, **first_cells: str) -> list[dict[str, str]]:
    """Rows of the order export as Shopify writes them: order-level cells on the first line only."""
    rows = []
    for order in range(1, orders + 1):
        for line in range(1, lines + 1):
            row = dict.fromkeys(HEADER, "")
            row |= {
                "Name": f"#100{order}", "Email": f"buyer{order}@example.org", "Created at": "2025-05-11 09:55:16 -0400",
                "Lineitem quantity": str(line), "Lineitem name": f"Thing {line}", "Lineitem price": "12.50",
                "Lineitem sku": f"T-{line}", "Vendor": "House", "Lineitem discount": "0.00",
            }  # fmt: skip
            if line == 1:
                row |= {
                    "Financial Status": "paid", "Paid at": "2025-05-11 09:55:20 -0400", "Currency": "EUR",
                    "Subtotal": "37.50", "Total": "37.50", "Accepts Marketing": "yes", "Billing Name": "Åsa Öberg",
                    "Billing Zip": "'75008", "Billing Phone": "'+33612345678", "Refunded Amount": "0.00",
                    "Id": f"500000000000{order}", "Notes": 'ring "twice",\nthen wait',
                }  # fmt: skip
                row |= first_cells
            rows.append(row)
    return rows


def as_csv(rows: list[dict[str, str]], header: list[str] | None = None, delimiter: str = ",", end: str = "\n") -> str:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, header or HEADER, delimiter=delimiter, lineterminator=end, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


CUSTOMERS = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Phone,Total Spent,Total Orders\n"
    "'7210448301122,Åsa,Öberg,buyer1@example.org,yes,'+33612345678,37.50,1\n"
)
EVENT = {"id": 1, "order_id": 5000000000001, "status": "delivered", "happened_at": "2025-05-12T16:32:23-05:00"}


def make_exports(root: Path, night: str = NIGHT) -> Path:
    """The folder with the night's good files; returns the orders file."""
    files = {
        "orders_export/{}/orders.csv": as_csv(order_lines()),
        "customers_export/{}/customers.csv": CUSTOMERS,
        "fulfillment_event/{}/events.jsonl": json.dumps(EVENT) + "\n",
    }
    for pattern, text in files.items():
        path = root / "shopify" / pattern.format(f"dt={night}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return root / "shopify" / "orders_export" / f"dt={night}" / "orders.csv"
