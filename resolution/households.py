"""Households: customers who share a family name and an address (or, without an address, a phone or an e-mail).

A household is a grouping of its own. It never joins persons, and persons never join it by force: the id is a pure
function of the golden record, so members find each other without being compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_KEYS = ("household-half-1", "household-half-2")  # 16 characters each: keys of the two halves of the id


def household_ids(golden: pl.DataFrame) -> pl.Series:
    """Household id (uuid text) of each golden record; null without a family name, or without anything to share.

    golden: full_name, family_name, address_line, postcode, city, country_code, phone, email.
    """
    import numpy as np
    import pandas as pd
    import polars as pl

    keys = golden.select(key=_household_key())["key"]
    known = keys.is_not_null().to_numpy()
    values = keys.filter(keys.is_not_null()).to_numpy()
    result = np.full(len(keys), None, dtype=object)
    if len(values):
        halves = [pd.util.hash_array(values.astype(object), hash_key=k, categorize=False) for k in _KEYS]
        digits = pl.DataFrame({"a": halves[0].astype(np.uint64), "b": halves[1].astype(np.uint64)})
        text = digits.select(
            pl.concat_str(
                [_hex(pl.col(c), shift) for c in ("a", "b") for shift in (48, 32, 16, 0)],
            )
        ).to_series()
        result[known] = text.to_numpy()
    return pl.Series("household_id", result.tolist(), dtype=pl.String)


def _hex(column: pl.Expr, shift: int) -> pl.Expr:
    """Sixteen bits of a number as four hexadecimal digits."""
    import polars as pl

    part = (column // (1 << shift)) % 65536
    digits = [
        ((part // 16**power) % 16)
        .cast(pl.UInt8)
        .replace_strict(dict(enumerate("0123456789abcdef")), return_dtype=pl.String)
        for power in (3, 2, 1, 0)
    ]
    return pl.concat_str(digits)


def _plain(column: str) -> pl.Expr:
    import polars as pl

    text = pl.col(column).str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "")
    return pl.when(text.str.len_chars() > 0).then(text)


def _household_key() -> pl.Expr:
    """The best available key: family name with address, else with phone, else with e-mail."""
    import polars as pl

    last_word = pl.col("full_name").str.strip_chars().str.to_lowercase().str.extract(r"(\S+)$", 1)
    family = pl.coalesce(_plain("family_name"), last_word.str.replace_all(r"[^\p{L}\p{N}]+", ""))
    family = pl.when(family.str.len_chars() > 1).then(family)
    place = pl.coalesce(_plain("postcode"), _plain("city"))
    mark = pl.lit("\x1f")
    return pl.coalesce(
        pl.concat_str(pl.lit("address"), mark, family, mark, place, mark, _plain("address_line")),
        pl.concat_str(pl.lit("phone"), mark, family, mark, _plain("phone")),
        pl.concat_str(pl.lit("email"), mark, family, mark, pl.col("email").str.to_lowercase()),
    )
