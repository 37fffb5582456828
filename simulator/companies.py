"""Companies that buy: who belongs to which, what it is called, and with which things go wrong.

Everything is a pure function of the person or the company's number, so no table of members is kept.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.behaviour import EFFECTS
from simulator.draws import Draws
from simulator.text import choose_text, joined, lookup

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
_STEMS = (
    "Harbour", "Linden", "Northgate", "Copperfield", "Meadow", "Kingfisher", "Larch", "Ridgeway", "Saffron",
    "Tidewater", "Foxglove", "Granary", "Hawthorn", "Ironbridge", "Juniper", "Kestrel", "Lantern", "Millrace", "Nutmeg",
    "Orchard", "Pebble", "Quayside", "Rosewood", "Sandpiper", "Thistle", "Upland", "Violet", "Wharf", "Yarrow",
)  # fmt: skip
_TRADES = (
    ("Bakery", "Food & Beverages"), ("Hotel", "Hospitality"), ("Studio", "Design"), ("Dental Practice", "Health"),
    ("Coffee House", "Food & Beverages"), ("Yoga Loft", "Health"), ("Architects", "Design"), ("Gifts", "Retail"),
    ("Law Office", "Legal Services"), ("Florists", "Retail"), ("Guest House", "Hospitality"), ("Press", "Publishing"),
)  # fmt: skip
_FORMS = ("Ltd", "Inc", "GmbH", "SARL")


def company_count(people: int) -> int:
    """How many companies a brand of so many persons has."""
    return max(2, round(people * EFFECTS.company_share / EFFECTS.company_people))


def company_of(draws: Draws, who: I64, people: int) -> I64:
    """Number of the company each person buys for, -1 = none. people: persons of the world."""
    number = draws.below("company/which", who, company_count(people))
    return np.where(draws.chance("company/has", who, EFFECTS.company_share), number, -1)


def is_troubled(draws: Draws, company: I64) -> Bool:
    """Companies with which things go wrong."""
    return draws.chance("company/troubled", company, EFFECTS.troubled_share) & (company >= 0)


def stems(company: I64) -> pl.Series:
    """Names without the legal form, each company its own; null for -1."""
    place = np.maximum(company, 0)
    shape = len(_STEMS) * len(_TRADES)
    trade = lookup([name for name, _ in _TRADES], np.where(company >= 0, place % len(_TRADES), -1))
    # every trade goes through all stems, each beginning at another one
    stem = (place // len(_TRADES) + place % len(_TRADES) * 5) % len(_STEMS)
    base = joined(lookup(_STEMS, stem), " ", trade)
    return choose_text(place >= shape, joined(base, " ", pl.Series(1 + place // shape).cast(pl.String)), base)


def names(company: I64) -> pl.Series:
    """Names as the CRM keeps them; null for -1."""
    return joined(stems(company), " ", lookup(_FORMS, np.maximum(company, 0) % len(_FORMS)))


def written_names(draws: Draws, company: I64, key: I64) -> pl.Series:
    """Names as people write them: some in capitals, some without the legal form. key: of the record."""
    kind = draws.choice("company/spelling", key, (0.6, 0.3, 0.1))
    full = names(company)
    return choose_text(kind == 0, full, choose_text(kind == 1, stems(company), full.str.to_uppercase()))


def industries(company: I64) -> pl.Series:
    """What each company does."""
    return lookup([industry for _, industry in _TRADES], company % len(_TRADES))
