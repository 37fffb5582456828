"""The review queue of the warehouse: pairs worth a decision go out as CSV; answers come in by `decide --file`."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from resolution.store.lookup import VALUE_COLUMNS

HEADER = (
    "left", "right", "verdict", "author", "reason", "what", "evidence", "match_probability", "value", "left_record",
    "right_record", "left_golden_customer_id", "right_golden_customer_id",
)  # fmt: skip


def review_queue(limit: int = 100) -> list[dict[str, Any]]:
    """The most valuable open questions: rows of `identity.review_queue` with readable names of the records. At most
    `review_pairs` of the settings, whatever the limit.
    """
    import warehouse
    from resolution.config import load_config
    from resolution.store import decided, lookup

    with warehouse.connect(name="review") as connection:
        rows = lookup.review_rows(connection, min(limit, load_config().review_pairs))
        keys = sorted({row[side] for row in rows for side in ("left", "right")})
        names = decided.names(connection, keys)
    return [row | {"left_record": names.get(row["left"]), "right_record": names.get(row["right"])} for row in rows]


def write_review(path: Path, rows: list[dict[str, Any]], *, show_values: bool = False) -> None:
    """One row per question. Fill in verdict (same, different), author and reason; leave open what is open.

    show_values: also the personal values of both records, side by side, for whoever decides by them.
    """
    import warehouse
    from resolution.store import lookup

    header = [*HEADER, *(f"{side}_{c}" for c in VALUE_COLUMNS for side in ("left", "right"))] if show_values else HEADER
    described: dict[str, dict[str, Any]] = {}
    if show_values and rows:
        keys = sorted({row[side] for row in rows for side in ("left", "right")})
        with warehouse.connect(name="review") as connection:
            described = lookup.describe_records(connection, keys, values=True)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(header), restval="", extrasaction="ignore")
        writer.writeheader()
        for row in rows:
            values = {
                f"{side}_{column}": _cell(described.get(row[side], {}).get("values", {}).get(column))
                for side in ("left", "right")
                for column in VALUE_COLUMNS
            }
            writer.writerow({k: _cell(v) for k, v in row.items()} | (values if show_values else {}))


def _cell(value: Any) -> str:
    """Text of a cell. What a spreadsheet would run as a formula is written as text; a phone number stays one."""
    text = "" if value is None else str(value)
    is_number = text[:1] in "+-" and text[1:].replace(" ", "").replace(".", "").isdigit()
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not is_number else text
