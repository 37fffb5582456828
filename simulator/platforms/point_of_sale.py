"""Point of sale: invoice lines as in the UCI Online Retail data.

Cancellations are invoices of their own, `C` + the number, with negative quantities; customer ids read `14075.0` and are
missing for those who did not show a card; times are local, without a zone. The file has no contact data.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.sales import FIRST_INVOICE, PRICES, TILL_ZONE
from simulator.text import choose_text, joined, lookup, money, stamps, when
from simulator.vocabulary import PRODUCTS
from simulator.world import World

I64 = NDArray[np.int64]
COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")


def invoice_lines(world: World, night: int, chunk: int) -> Iterator[pl.DataFrame]:
    """Lines sold or taken back in the night's window, in order of time."""
    low, high = world.window(night)
    till = world.till
    of = till.lines.order
    line = np.arange(len(of))
    sold = line[(till.at[of] >= low) & (till.at[of] < high)]
    back = np.flatnonzero((till.refunded_at >= low) & (till.refunded_at < high))
    lines = np.concatenate((sold, till.refunded_line[back]))
    at = np.concatenate((till.at[of[sold]], till.refunded_at[back]))
    is_back = np.concatenate((np.zeros(len(sold), dtype=bool), np.ones(len(back), dtype=bool)))
    by_time = np.lexsort((lines, is_back, at))
    lines, at, is_back = lines[by_time], at[by_time], is_back[by_time]
    for start in range(0, len(lines), chunk):
        part = slice(start, start + chunk)
        yield _frame(world, lines[part], at[part], is_back[part])


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
    return pl.DataFrame(dict(zip(COLUMNS, cells, strict=True)))
