"""Point of sale: invoice lines as in the UCI Online Retail data.

Cancellations are invoices of their own, `C` + the number, with negative quantities; customer ids read `14075.0` and are
missing for those who did not show a card; times are local, without a zone. The file has no contact data.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.faults import late_sales, new_column_night, relabelled_sale
from simulator.journey import DAY
from simulator.platforms.headers import INVOICE_COLUMNS
from simulator.sales import FIRST_INVOICE, PRICES, TILL_ZONE
from simulator.text import choose_text, joined, lookup, money, stamps, when
from simulator.vocabulary import PRODUCTS
from simulator.world import World

I64 = NDArray[np.int64]


def delivery(world: World, night: int) -> tuple[I64, I64, I64, int]:
    """New sales, late sales of earlier days, sales taken back (positions); the sale sent again, or -1."""
    low, high = world.window(night)
    till = world.till
    late = late_sales(world)
    new = np.flatnonzero((till.at >= low) & (till.at < high) & (late == 0))
    overdue = np.flatnonzero((late > 0) & (till.at // DAY - world.first_day + late == night))
    back = np.flatnonzero((till.refunded_at >= low) & (till.refunded_at < high))
    return new, overdue, back, relabelled_sale(world, night, late)


def _lines_of(world: World, sales: I64) -> I64:
    first, last = world.till.lines.start[sales], world.till.lines.start[sales + 1]
    sizes = last - first
    begin = np.cumsum(sizes) - sizes
    return np.repeat(first - begin, sizes) + np.arange(int(sizes.sum()))


def invoice_lines(world: World, night: int, chunk: int) -> Iterator[pl.DataFrame]:
    """Lines sold or taken back in the night's window, in order of time; then late and corrected invoices."""
    till = world.till
    new, overdue, back, again = delivery(world, night)
    sold = _lines_of(world, new)
    lines = np.concatenate((sold, till.refunded_line[back]))
    at = np.concatenate((till.at[till.lines.order[sold]], till.refunded_at[back]))
    is_back = np.concatenate((np.zeros(len(sold), dtype=bool), np.ones(len(back), dtype=bool)))
    by_time = np.lexsort((lines, is_back, at))
    extra = _lines_of(world, np.concatenate((overdue, [again] if again >= 0 else [])).astype(np.int64))
    lines = np.concatenate((lines[by_time], extra))
    at = np.concatenate((at[by_time], till.at[till.lines.order[extra]]))
    is_back = np.concatenate((is_back[by_time], np.zeros(len(extra), dtype=bool)))
    for start in range(0, len(lines), chunk):
        part = slice(start, start + chunk)
        frame = _frame(world, lines[part], at[part], is_back[part])
        if again >= 0:
            corrected = (lines[part] == till.lines.start[again]) & ~is_back[part]
            frame = frame.with_columns(
                choose_text(corrected, joined(frame["Description"], " (RELABELLED)"), frame["Description"]).alias(
                    "Description"
                )
            )
        yield frame


def notes(world: World, night: int) -> list[tuple[str, str, str, int]]:
    """Late and corrected invoices of a night: (kind, key, outcome, rows)."""
    _, overdue, _, again = delivery(world, night)
    size = np.diff(world.till.lines.start)
    found = [("late_row", str(FIRST_INVOICE + int(sale)), "inserted", int(size[sale])) for sale in overdue]
    if again >= 0:
        found.append(("restated_row", f"{FIRST_INVOICE + again}:1", "updated", 1))
        if size[again] > 1:
            # In the night in which the new column appears, the other lines of the invoice bring it too.
            outcome = "updated" if night == new_column_night(world) else "unchanged"
            found.append(("resent_row", str(FIRST_INVOICE + again), outcome, int(size[again]) - 1))
    return found


def _frame(world: World, line: I64, at: I64, is_back: NDArray[np.bool_]) -> pl.DataFrame:
    till = world.till
    sale = till.lines.order[line]
    product = till.lines.product[line]
    number = pl.Series(FIRST_INVOICE + sale).cast(pl.String)
    quantity = np.where(is_back, -till.lines.quantity[line], till.lines.quantity[line])
    account = till.account[sale]
    cells = (
        choose_text(is_back, joined("C", number), number),
        lookup([p.sku for p in PRODUCTS], product),
        lookup([p.title.upper() for p in PRODUCTS], product),
        pl.Series(quantity).cast(pl.String),
        stamps(at, "%Y-%m-%d %H:%M:%S", TILL_ZONE),
        money(PRICES[product]),
        when(account >= 0, joined(pl.Series(account).cast(pl.String), ".0")),
        pl.Series("", ["United Kingdom"]).new_from_index(0, len(line)),
    )
    return pl.DataFrame(dict(zip(INVOICE_COLUMNS, cells, strict=True)))
