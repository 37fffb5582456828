"""From a purchase log to what the models of customer value need: frequency, recency, age and value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Purchases:
    """One element per customer, in ascending order of `customer`.

    customer     the customers' numbers
    x            repeat transactions: distinct purchase days - 1 (whole numbers)
    t_x          units from the first to the last purchase (0 when x = 0)
    t_total      units from the first purchase to the end of observation (T of the literature)
    mean_value   mean value of the REPEAT transactions; NaN when x = 0
    merged       purchases of the log that fell on a day on which the customer had bought already
    """

    customer: I64
    x: F64
    t_x: F64
    t_total: F64
    mean_value: F64
    merged: int


def summarise(customer: I64, day: I64, value: F64, *, end: int, unit_days: float = 7.0) -> Purchases:
    """Summarise a log. Purchases of one customer on one day are one transaction, its value their sum.

    customer, day, value: one element per purchase (int64, int64 days, float64 money), in any order. Purchases after
    `end` (day) are left out, and so are customers who bought later only. A transaction of value 0 is a transaction.
    Source: Fader, Hardie and Lee (2005a).
    """
    seen = day <= end
    customer, day, value = customer[seen], day[seen], value[seen]
    order = np.lexsort((day, customer))
    customer, day, value = customer[order], day[order], value[order]
    if not len(customer):
        none = np.zeros(0)
        return Purchases(customer, none, none.copy(), none.copy(), none.copy(), 0)
    new_day = np.ones(len(customer), dtype=bool)
    new_day[1:] = (customer[1:] != customer[:-1]) | (day[1:] != day[:-1])
    starts = np.flatnonzero(new_day)
    who, when, worth = customer[starts], day[starts], np.add.reduceat(value, starts)
    new_customer = np.ones(len(who), dtype=bool)
    new_customer[1:] = who[1:] != who[:-1]
    first = np.flatnonzero(new_customer)
    last = np.append(first[1:], len(who)) - 1
    x = last - first
    total = np.add.reduceat(worth, first) - worth[first]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(x > 0, total / x, np.nan)
    return Purchases(
        who[first],
        x.astype(np.float64),
        (when[last] - when[first]) / unit_days,
        (end - when[first]) / unit_days,
        mean,
        int(len(customer) - len(starts)),
    )
